//! Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64>`, an
//! HMAC-SHA256 over `<id>.<timestamp>.<body>` under the decoded secret. Pure.

use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;

pub(super) const PREFIX: &str = "whsec_";

pub(super) fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", data_encoding::BASE64.encode(secret))
}

pub(super) fn signature(secret: &[u8], id: &str, unix_secs: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of every length");
    mac.update(format!("{id}.{unix_secs}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    format!("v1,{}", data_encoding::BASE64.encode(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_own_example_is_signed_alike() {
        // N10: the vector of the Standard Webhooks specification's reference libraries
        let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let secret = data_encoding::BASE64
            .decode(secret.as_bytes())
            .expect("base64");
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(shown(&secret).starts_with("whsec_MfKQ"));
    }
}
