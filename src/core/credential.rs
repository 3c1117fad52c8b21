//! How an instance's secret travels. Holds no secret.

/// How an instance's secret travels. Never over a connection that was not verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// As `X-API-Key`.
    #[default]
    ApiKey,
    /// There is none.
    Nothing,
    /// As the password of this user.
    Basic { user: String },
    /// As `Authorization: Bearer`.
    Bearer,
    /// As the value of this header.
    Header { name: String },
}

impl Credential {
    /// The config's word for the secret.
    pub fn secret(&self) -> &'static str {
        match self {
            Self::ApiKey | Self::Nothing => "api-key",
            Self::Basic { .. } => "password",
            Self::Bearer => "token",
            Self::Header { .. } => "value",
        }
    }
}
