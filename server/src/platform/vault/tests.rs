//! Wrapping, unwrapping, and the key files.

use std::sync::Arc;

use super::*;
use crate::platform::entropy::SystemEntropy;

fn vault(kek: [u8; 32]) -> Vault {
    Vault::new(&Kek::from_bytes(kek), Arc::new(SystemEntropy))
}

#[test]
fn what_is_wrapped_opens_only_whole_and_in_its_context() {
    // N6
    let vault = vault([7; 32]);
    let wrapped = vault.wrap("event/1/issuing/0", b"secret").expect("wrapped");
    let opened = vault.unwrap("event/1/issuing/0", &wrapped).expect("opened");
    assert_eq!(opened.as_slice(), b"secret");
    assert!(matches!(
        vault.unwrap("event/2/issuing/0", &wrapped),
        Err(VaultError::Forged { .. })
    ));
    // Every single changed character is refused.
    for at in 0..wrapped.as_text().len() {
        let mut text = wrapped.as_text().as_bytes().to_vec();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let changed = Wrapped::from_text(String::from_utf8(text).expect("ascii"));
        assert!(vault.unwrap("event/1/issuing/0", &changed).is_err(), "{at}");
    }
}

#[test]
fn another_key_is_named_in_the_error() {
    // N6
    let wrapped = vault([7; 32]).wrap("x", b"secret").expect("wrapped");
    let error = vault([8; 32]).unwrap("x", &wrapped).expect_err("refused");
    assert!(matches!(error, VaultError::OtherKey { .. }), "{error}");
    assert!(error.to_string().contains(vault([8; 32]).kek_id()));
}

#[test]
fn two_wraps_of_one_secret_differ_and_nothing_shows_in_debug() {
    // N6
    let vault = vault([7; 32]);
    let one = vault.wrap("x", b"secret").expect("wrapped");
    let two = vault.wrap("x", b"secret").expect("wrapped");
    assert_ne!(one, two, "the nonce is fresh");
    let shown = format!("{one:?} {vault:?} {:?}", Kek::from_bytes([7; 32]));
    assert!(
        !shown.contains(one.as_text()) && !shown.contains("7, 7"),
        "{shown}"
    );
}

#[test]
fn keys_are_made_once_and_kept_private() {
    // N6
    let dir = tempfile::tempdir().expect("folder");
    let one = Kek::load_or_create(dir.path(), &SystemEntropy).expect("made");
    let two = Kek::load_or_create(dir.path(), &SystemEntropy).expect("read");
    assert_eq!(one.id(), two.id());
    let vault = Vault::new(&one, Arc::new(SystemEntropy));
    let made = vault.key_file(dir.path(), "jwt.key", "jwt").expect("made");
    let read = vault.key_file(dir.path(), "jwt.key", "jwt").expect("read");
    assert_eq!(made, read);
    let stored = std::fs::read(dir.path().join("jwt.key")).expect("file");
    assert!(!stored.windows(32).any(|window| window == made.as_slice()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for name in ["kek.key", "jwt.key"] {
            let mode = std::fs::metadata(dir.path().join(name))
                .expect("file")
                .permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
        }
    }
    std::fs::write(dir.path().join("kek.key"), "short").expect("spoilt");
    assert!(Kek::load_or_create(dir.path(), &SystemEntropy).is_err());
}

#[test]
fn keys_come_in_hex_and_base64() {
    // N6
    let id = Kek::from_bytes([0xfb; 32]).id();
    for text in [
        "fb".repeat(32),
        "FB".repeat(32),
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=".to_owned(),
        "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s".to_owned(),
    ] {
        assert_eq!(
            Kek::parse(&text).map(|kek| kek.id()),
            Some(id.clone()),
            "{text}"
        );
    }
    for bad in ["", "password", &"fb".repeat(31), &"zz".repeat(32)] {
        assert!(Kek::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn derived_secrets_depend_on_key_and_context_only() {
    // V6: two processes with one key judge each other's challenges.
    let secret = vault([7; 32]).derive("gate/challenge");
    assert_eq!(*secret, *vault([7; 32]).derive("gate/challenge"));
    assert_ne!(*secret, *vault([8; 32]).derive("gate/challenge"));
    assert_ne!(*secret, *vault([7; 32]).derive("gate/other"));
}
