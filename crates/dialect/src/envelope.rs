//! TBD
/// stub
pub struct Envelope;
