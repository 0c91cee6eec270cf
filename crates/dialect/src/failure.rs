//! TBD
/// stub
pub struct Failure;
