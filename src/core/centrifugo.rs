//! What a Centrifugo server is asked. Holds no secret.

/// How one Centrifugo is watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CentrifugoSettings {}
