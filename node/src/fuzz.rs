//! What an operator's node reads under bytes that a stranger chose: bodies for `fuzz/`.

pub use crate::gateway::fuzz::{commands, commands_seeds, requests, requests_seeds};

use crate::config::{Config, Sources, variable_of};
use crate::keys::SecretKey;
use crate::sign_state::fuzz::{sign_state, sign_state_seeds};
use crate::{address_book, backup, genesis_file, hex, keys::sealed, testing};
use bitcraps_casino::Casino;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A file of an operator; the first byte says which: a genesis, a key, a sealed key, an address book, the manifest of a
/// backup, digits, a sign-state with a journal.
///
/// Held: what is read is what would be written; a sealed key costs no more to open than is allowed; a genesis that
/// passes its check makes a casino.
pub fn documents(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let text = std::str::from_utf8(bytes);
    match (which % 7, text) {
        (0, Ok(text)) => {
            let Ok(genesis) = genesis_file::from_json(text) else { return };
            let again = genesis_file::from_json(&genesis_file::to_json(&genesis));
            assert_eq!(again.expect("as it is written"), genesis);
            assert_eq!(genesis.check().is_ok(), Casino::genesis(&genesis).is_ok());
        }
        (1, Ok(text)) => {
            let Ok(key) = SecretKey::parse(text) else { return };
            let again = SecretKey::parse(&key.text());
            assert_eq!(again.expect("as it is written").seed(), key.seed());
        }
        (2, Ok(text)) => {
            let sealed = sealed::parse(text);
            assert!(sealed.is_ok_and(|sealed| sealed.cost().is_bounded()) || sealed::parse(text).is_err());
        }
        (3, _) => {
            let book = address_book::parse(bytes);
            let text = serde_json::to_vec(&book).expect("text is JSON");
            assert_eq!(address_book::parse(&text), book);
        }
        (4, _) => {
            let Ok(manifest) = backup::parse_manifest(bytes) else { return };
            let text = serde_json::to_vec(&manifest).expect("text is JSON");
            assert_eq!(backup::parse_manifest(&text), Ok(manifest));
        }
        (6, _) => sign_state(bytes),
        (_, Ok(text)) => {
            if let Ok(bytes) = hex::decode(text) {
                assert_eq!(hex::encode(&bytes), text.to_lowercase());
            }
            if let Ok(bytes) = hex::decode_exactly::<8>(text) {
                assert_eq!(hex::decode(text).as_deref(), Ok(&bytes[..]));
            }
        }
        (_, Err(_)) => {}
    }
}

/// A configuration: the file, then flags, or variables of the environment with `=` between name and value, each after a
/// zero byte.
///
/// Held: it is taken, or refused in words. What was taken, written as a file, is taken and is the same, with and without
/// remarks of origin, and is complete enough for a node.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.split('\0');
    let file = Some(("node.toml".into(), parts.next().unwrap_or_default().to_owned()));
    let (flags, environment): (Vec<_>, Vec<_>) = parts.partition(|part| !part.starts_with("BITCRAPS"));
    let flags = flags.into_iter().map(str::to_owned).collect();
    let environment = environment.iter().filter_map(|variable| variable.split_once('='));
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let config = match Config::read(&Sources { file, environment, flags }) {
        Ok(config) => config,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = config.resolved.to_toml(false);
    for text in [config.resolved.to_toml(true), written.clone()] {
        let again =
            Config::read(&Sources { file: Some(("node.toml".into(), text.clone())), ..Sources::default() });
        let again = again.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again.resolved.to_toml(false), written);
    }
    drop(config.node(Arc::new(testing::genesis(1)), 0));
}

/// One of each.
pub fn documents_seeds() -> Vec<Vec<u8>> {
    let key = SecretKey::from_seed(Zeroizing::new([7; 32]));
    let digits = |bytes: usize| "5a".repeat(bytes);
    let sealed = format!(
        r#"{{"format":"bitcraps-sealed-key","version":1,"public":"{}","kdf":"argon2id-19","cost":{{"memory_kib":65536,
        "passes":3,"lanes":4}},"salt":"{}","cipher":"chacha20-poly1305","nonce":"{}","sealed":"{}"}}"#,
        digits(32),
        digits(16),
        digits(12),
        digits(48)
    );
    let book = format!(r#"{{"{}":{{"address":"h:1","last_seen_ms":5}}}}"#, digits(32));
    let manifest = format!(
        r#"{{"format":1,"chain_id":"{0}","created":5,"height":7,"root":"{0}","files":[{{"name":"blocks","bytes":3,"blake3":"{0}"}}]}}"#,
        digits(32)
    );
    let texts = [
        genesis_file::to_json(&testing::genesis(2)),
        key.text().to_string(),
        sealed,
        book,
        manifest,
        digits(8),
    ];
    let texts = (0..).zip(texts).map(|(which, text)| [&[which], text.as_bytes()].concat());
    texts.chain(sign_state_seeds().iter().map(|state| [&[6][..], state].concat())).collect()
}

/// All defaults; peers and lists; a flag, and a variable of the environment.
pub fn config_seeds() -> Vec<Vec<u8>> {
    let defaults = Config::read(&Sources::default()).expect("the defaults are good").resolved.to_toml(false);
    let key = "ab".repeat(32);
    let file =
        format!("# remark\n[p2p]\npeers = [\"{key}@h:7\"]\ndeny = [\"{key}\"]\n[consensus]\ngrowth = 2\n");
    let variable = variable_of("limits.bytes_per_second");
    let all =
        format!("{file}\0node.log_level=info,x[y{{z=1}}]=debug\0{variable}=3 MiB\0p2p.allow={key},{key}");
    vec![defaults.into_bytes(), file.into_bytes(), all.into_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Body = (fn(&[u8]), fn() -> Vec<Vec<u8>>);

    /// Those that no other test here throws bytes at.
    const BODIES: [Body; 3] =
        [(documents, documents_seeds), (config, config_seeds), (commands, commands_seeds)];

    #[test]
    fn the_seeds_are_read() {
        for seed in documents_seeds() {
            let text = std::str::from_utf8(&seed[1..]).unwrap_or_default();
            assert!(match seed[0] {
                0 => genesis_file::from_json(text).is_ok(),
                1 => SecretKey::parse(text).is_ok(),
                2 => sealed::parse(text).is_ok(),
                3 => !address_book::parse(text.as_bytes()).is_empty(),
                4 => backup::parse_manifest(text.as_bytes()).is_ok(),
                6 => true,
                _ => hex::decode_exactly::<8>(text).is_ok(),
            });
        }
        for (body, seeds) in BODIES {
            seeds().iter().for_each(|seed| body(seed));
        }
        requests_seeds().iter().for_each(|seed| requests(seed));
    }

    #[test]
    fn a_host_with_characters_that_toml_has_no_short_name_for_reads_back() {
        let key = "ab".repeat(32);
        let file = format!("[p2p]\npeers = [\"{key}@h\\u0000\\u007F\\u001B'\\\\\\\":1\"]\n");
        config(file.as_bytes());
    }

    proptest! {
        #[test]
        fn no_change_of_what_is_well_formed_breaks_a_promise(
            which in 0..BODIES.len(),
            seed in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let (body, seeds) = BODIES[which];
            let seeds = seeds();
            let mut bytes = seed.get(&seeds).clone();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
            body(&bytes);
        }
    }
}
