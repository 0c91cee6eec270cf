//! An account of the person's: who it is, and what serves through it.

use std::sync::Arc;

use config::ProviderId;

use crate::models::Listing;
use crate::provider::Provider;

/// One account in the pool.
pub struct Account {
    /// Its id in the configuration.
    pub id: Arc<str>,
    /// Whose account it is.
    pub provider: ProviderId,
    /// What knows how to talk to its upstream.
    pub backend: Box<dyn Provider>,
    /// The models that its upstream lists.
    pub models: Listing,
}
