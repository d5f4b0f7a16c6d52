//! The sign-in half of the service: discovery, the token endpoint, and the access tokens that the
//! other endpoints ask to be verified. Nothing here knows mailboxes or cmdlets.

pub(crate) mod access_token;
pub(crate) mod assertion;
pub(crate) mod credentials;
pub(crate) mod endpoint;
pub(crate) mod refusal;
