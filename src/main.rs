//! tokn-router: the AI subscriptions you already pay for, as one local API.
fn main() {}
