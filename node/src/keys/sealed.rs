//! A key under a passphrase, for keeping elsewhere: Argon2id makes a key of the passphrase, ChaCha20-Poly1305 seals the
//! seed with it. The file is JSON with a version and the parameters, which the tag covers.

use super::SecretKey;
use crate::hex;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const FORMAT: &str = "bitcraps-sealed-key";
const VERSION: u32 = 1;

/// What Argon2id costs whoever opens it. Bounded when read: a file must not choose how much memory we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Sealed {
    /// What opening it costs.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn cost(&self) -> Cost {
        self.file.cost
    }
}

impl Cost {
    /// The second recommendation of RFC 9106: 64 MiB, 3 passes, 4 lanes.
    pub const RECOMMENDED: Cost = Cost { memory_kib: 64 << 10, passes: 3, lanes: 4 };
    const MAX: Cost = Cost { memory_kib: 1 << 20, passes: 16, lanes: 16 };
    const MIN: Cost = Cost { memory_kib: 8 << 10, passes: 1, lanes: 1 };

    pub(crate) fn is_bounded(&self) -> bool {
        let Cost { memory_kib, passes, lanes } = *self;
        (Cost::MIN.memory_kib..=Cost::MAX.memory_kib).contains(&memory_kib)
            && (Cost::MIN.passes..=Cost::MAX.passes).contains(&passes)
            && (Cost::MIN.lanes..=Cost::MAX.lanes).contains(&lanes)
    }
}

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    public: String,
    kdf: String,
    cost: Cost,
    salt: String,
    cipher: String,
    nonce: String,
    sealed: String,
}

/// Why a sealed key can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file is none of this format.
    #[error("it is no sealed key: {0}")]
    Format(String),
    /// A later version made it.
    #[error(
        "it is of version {0}, and this program reads version {VERSION}: use the program that made it, or a newer one"
    )]
    Version(u32),
    /// The parameters are out of bounds.
    #[error("it asks for {memory_kib} KiB, {passes} passes and {lanes} lanes, which is not between the bounds", memory_kib = .0.memory_kib, passes = .0.passes, lanes = .0.lanes)]
    Cost(Cost),
    /// Another passphrase, or a changed file.
    #[error("the passphrase is another one, or the file was changed")]
    Passphrase,
    /// The passphrase is too short to protect anything.
    #[error("the passphrase has fewer than {MIN_PASSPHRASE} bytes")]
    Short,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Entropy(getrandom::Error),
}

/// A passphrase has at least so many bytes.
pub const MIN_PASSPHRASE: usize = 12;

/// Seals a key under a passphrase.
pub fn seal(key: &SecretKey, passphrase: &[u8], cost: Cost) -> Result<String, SealError> {
    if passphrase.len() < MIN_PASSPHRASE {
        return Err(SealError::Short);
    }
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    getrandom::fill(&mut salt).map_err(SealError::Entropy)?;
    getrandom::fill(&mut nonce).map_err(SealError::Entropy)?;
    let mut file = File {
        format: FORMAT.into(),
        version: VERSION,
        public: hex::encode(&key.public().0),
        kdf: "argon2id-19".into(),
        cost,
        salt: hex::encode(&salt),
        cipher: "chacha20-poly1305".into(),
        nonce: hex::encode(&nonce),
        sealed: String::new(),
    };
    let cipher = cipher(passphrase, &salt, cost)?;
    let covered = covered(&file);
    let payload = Payload { msg: key.seed(), aad: covered.as_bytes() };
    let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Passphrase)?;
    file.sealed = hex::encode(&sealed);
    Ok(serde_json::to_string_pretty(&file).expect("text is JSON") + "\n")
}

/// A sealed key in memory, well formed and of bounded cost.
pub(crate) struct Sealed {
    file: File,
    salt: [u8; 16],
    nonce: [u8; 12],
    sealed: Vec<u8>,
}

/// Opens a sealed key.
pub fn open(text: &str, passphrase: &[u8]) -> Result<SecretKey, SealError> {
    let Sealed { file, salt, nonce, sealed } = parse(text)?;
    let cipher = cipher(passphrase, &salt, file.cost)?;
    let covered = covered(&file);
    let payload = Payload { msg: &sealed, aad: covered.as_bytes() };
    let opened = cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Passphrase)?;
    let opened = Zeroizing::new(opened);
    let mut seed = Zeroizing::new([0; 32]);
    if opened.len() != seed.len() {
        return Err(format("the sealed bytes"));
    }
    seed.copy_from_slice(&opened);
    let key = SecretKey::from_seed(seed);
    if hex::encode(&key.public().0) != file.public {
        return Err(format("the public key is another one's"));
    }
    Ok(key)
}

fn format(why: &str) -> SealError {
    SealError::Format(why.into())
}

/// Reads a sealed key. What it costs to open it is within bounds.
pub(crate) fn parse(text: &str) -> Result<Sealed, SealError> {
    let file: File = serde_json::from_str(text).map_err(|error| SealError::Format(error.to_string()))?;
    if file.format != FORMAT {
        return Err(format("its format has another name"));
    }
    if file.version != VERSION {
        return Err(SealError::Version(file.version));
    }
    if file.kdf != "argon2id-19" || file.cipher != "chacha20-poly1305" {
        return Err(format("it names another algorithm"));
    }
    if !file.cost.is_bounded() {
        return Err(SealError::Cost(file.cost));
    }
    let salt = hex::decode_exactly(&file.salt).map_err(|_| format("the salt"))?;
    let nonce = hex::decode_exactly(&file.nonce).map_err(|_| format("the nonce"))?;
    let sealed = hex::decode(&file.sealed).map_err(|_| format("the sealed bytes"))?;
    Ok(Sealed { file, salt, nonce, sealed })
}

/// What the tag covers besides the seed: all that says how to open it.
fn covered(file: &File) -> String {
    let Cost { memory_kib, passes, lanes } = file.cost;
    let (format, version, public) = (&file.format, file.version, &file.public);
    format!("{format}/{version}/{public}/{}/{memory_kib}/{passes}/{lanes}/{}", file.kdf, file.cipher)
}

fn cipher(passphrase: &[u8], salt: &[u8; 16], cost: Cost) -> Result<ChaCha20Poly1305, SealError> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32));
    let params = params.map_err(|_| SealError::Cost(cost))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut key[..])
        .map_err(|_| SealError::Cost(cost))?;
    Ok(ChaCha20Poly1305::new(&Key::from(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &[u8] = b"correct horse battery";
    const CHEAP: Cost = Cost { memory_kib: 8 << 10, passes: 1, lanes: 1 };

    fn sealed() -> (SecretKey, String) {
        let key = SecretKey::from_seed(Zeroizing::new([0xab; 32]));
        let text = seal(&key, PASSPHRASE, CHEAP).unwrap();
        (key, text)
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_only_and_shows_no_secret() {
        let (key, text) = sealed();
        assert_eq!(open(&text, PASSPHRASE).unwrap().seed(), key.seed());
        assert!(matches!(open(&text, b"correct horse batterz"), Err(SealError::Passphrase)));
        assert!(!text.contains(&hex::encode(&key.seed()[..4])));
        assert_ne!(sealed().1, text, "salt and nonce are fresh");
        assert!(matches!(seal(&key, b"short", CHEAP), Err(SealError::Short)));
    }

    #[test]
    fn a_changed_file_does_not_open_and_one_that_asks_for_too_much_is_not_tried() {
        let (_, text) = sealed();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            open(&text.replace(from, to), PASSPHRASE).err().unwrap()
        };
        assert!(matches!(refused("\"passes\": 1", "\"passes\": 2"), SealError::Passphrase));
        assert!(matches!(refused("\"memory_kib\": 8192", "\"memory_kib\": 4294967295"), SealError::Cost(_)));
        assert!(matches!(refused("\"memory_kib\": 8192", "\"memory_kib\": 0"), SealError::Cost(_)));
        assert!(matches!(refused("\"version\": 1", "\"version\": 2"), SealError::Version(2)));
        assert!(matches!(refused("argon2id-19", "scrypt"), SealError::Format(_)));
        assert!(matches!(refused("\"lanes\": 1", "\"lanes\": 1, \"extra\": 1"), SealError::Format(_)));
        assert!(matches!(open("{", PASSPHRASE), Err(SealError::Format(_))));
    }
}
