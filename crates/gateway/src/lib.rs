//! The life of a request: admit, route, lease, dispatch, relay.
