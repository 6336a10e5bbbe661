//! Why a gateway gave no answer to go by.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The gateway understood and said no.
    #[error("the gateway answered {code}: {text}")]
    Refused { code: String, text: String },
    /// Nobody knows whether it was done: time-out, broken connection, an answer that is not the
    /// gateway's.
    #[error("the gateway's answer is unclear: {0}")]
    Unclear(String),
    /// It failed over there. Where it is the stored answer of an earlier call, it stays that.
    #[error("the gateway failed with {status}")]
    Broken { status: u16, replayed: bool },
    /// Too many requests.
    #[error("the gateway wants no more requests for {after_secs} s")]
    Busy { after_secs: u32 },
}

impl Failure {
    pub fn unclear(why: &str) -> Self {
        Self::Unclear(why.to_owned())
    }

    /// For how long the gateway wants to be left alone.
    pub const fn busy_secs(&self) -> Option<u32> {
        match self {
            Self::Busy { after_secs } => Some(*after_secs),
            Self::Refused { .. } | Self::Unclear(_) | Self::Broken { .. } => None,
        }
    }

    /// It does not take our keys: they were rolled over there, and are not set here yet.
    pub fn refuses_keys(&self) -> bool {
        match self {
            Self::Refused { code, text } => {
                let mut words = [code, text].into_iter();
                words.any(|word| word.starts_with("401") || word.starts_with("403"))
            }
            Self::Unclear(_) | Self::Broken { .. } | Self::Busy { .. } => false,
        }
    }

    /// Nobody knows whether it was done.
    pub const fn is_unclear(&self) -> bool {
        match self {
            Self::Unclear(_) | Self::Broken { .. } => true,
            Self::Refused { .. } | Self::Busy { .. } => false,
        }
    }
}
