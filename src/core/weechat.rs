//! What a WeeChat relay is asked, and what is told of it. Holds no secret.

/// How one WeeChat is watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeechatSettings {}
