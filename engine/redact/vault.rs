//! The values that are secret, and what they are called in masks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use zeroize::Zeroize as _;

use crate::closed;
use crate::redact::forms::SHORTEST;
use crate::redact::machine::STEM;

/// The most values that are kept.
const MOST: usize = 20_000;

/// The longest value that is looked for, in bytes.
const LONGEST: usize = 8 * 1024;

/// The longest word that is one: a longer run of letters may be drawn by lot.
const LONGEST_WORD: usize = 15;

/// The most digits among words that are no more than words: those of a version or a port.
const MOST_DIGITS: usize = 6;

/// The longest name in a mask.
const LONGEST_NAME: usize = 80;

static OPEN_VALUES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| lines(include_str!("open_values.txt")).collect());
static PUBLIC_NAMES: LazyLock<Vec<&str>> =
    LazyLock::new(|| lines(include_str!("public_names.txt")).collect());
static OPEN_NAMES: LazyLock<Vec<&str>> =
    LazyLock::new(|| lines(include_str!("open_names.txt")).collect());
static SECRET_WORDS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| lines(include_str!("secret_words.txt")).collect());

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An env file.
    EnvFile,
    /// Another file that holds secrets.
    SecretFile,
    /// The person's environment.
    Environment,
}

/// Values that must not leave, each with the name that its mask has.
#[derive(Clone, Default)]
pub struct Vault {
    values: BTreeMap<String, String>,
    /// What everybody may read all the same: the values of example files.
    shown: BTreeSet<String>,
}

impl Vault {
    /// Makes an empty vault.
    pub fn new() -> Self {
        Vault::default()
    }

    /// Says that a value is open, wherever else it stands.
    pub fn show(&mut self, value: &str) {
        if self.shown.len() < MOST {
            self.shown.insert(value.trim().to_owned());
        }
    }

    /// Takes a value that a name stands before, where it is a secret: by its name, by its form, or
    /// because it is no plain words, path, number or address.
    pub fn take(&mut self, origin: Origin, name: &str, value: &str) {
        let value = value.trim();
        let upper = name.to_uppercase();
        let by_form = closed::written(value).iter().any(|written| !written.public);
        if self.shown.contains(value) || is_common(value) {
            return;
        }
        if !by_form && (fits(&PUBLIC_NAMES, &upper) || is_public(value)) {
            return;
        }
        let says = says_secret(name);
        if origin == Origin::Environment && fits(&OPEN_NAMES, &upper) {
            return;
        }
        let password = password(value);
        let mask = match origin {
            Origin::EnvFile => format!("env:{name}"),
            Origin::SecretFile => format!("file:{name}"),
            Origin::Environment => format!("environment:{name}"),
        };
        let open = match origin {
            _ if is_address(value) => is_bare_address(value) || origin == Origin::Environment,
            Origin::Environment => is_path(value) || is_plain(value),
            Origin::EnvFile | Origin::SecretFile => is_plain(value),
        };
        if says || by_form || password.is_some() || !open {
            self.insert(&mask, value, says);
            self.insert_parts(&mask, value);
        }
        if let Some(password) = password {
            self.insert(&mask, password, true);
            self.insert(&mask, &percent_decoded(password), true);
        }
    }

    /// Keeps a value whatever it looks like. Returns whether it is one that can be looked for.
    pub fn keep(&mut self, name: &str, value: &str) -> bool {
        let value = value.trim();
        self.insert_parts(name, value);
        self.insert(name, value, true)
    }

    /// Returns every value and its name.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(value, name)| (value.as_str(), name.as_str()))
    }

    /// Returns how many values it has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Parts that turn up without the rest: the lines of a long value, and what follows the name
    /// of an encoding.
    fn insert_parts(&mut self, name: &str, value: &str) {
        let lines = value.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        if value.contains('\n') {
            for line in lines.filter(|line| line.len() >= 2 * SHORTEST) {
                self.insert(name, line, false);
            }
        }
        for prefix in ["base64:", "hex:", "Bearer ", "Basic "] {
            if let Some(rest) = value.strip_prefix(prefix) {
                self.insert(name, rest, false);
            }
        }
    }

    fn insert(&mut self, name: &str, value: &str, says: bool) -> bool {
        let mixed = value.bytes().any(|it| it.is_ascii_digit())
            && value.bytes().any(|it| it.is_ascii_alphabetic());
        let short = value.len() < SHORTEST;
        if value.len() < STEM || short && !(says && mixed && value.is_ascii()) {
            return false;
        }
        if value.len() > LONGEST || self.values.len() >= MOST || is_common(value) {
            return false;
        }
        self.values.entry(value.to_owned()).or_insert_with(|| tidy(name));
        true
    }
}

/// Collects names and values, each a secret whatever it looks like.
impl<'a> FromIterator<(&'a str, &'a str)> for Vault {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut vault = Vault::new();
        for (name, value) in pairs {
            vault.keep(name, value);
        }
        vault
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Vault({} values)", self.values.len())
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        for (mut value, _) in std::mem::take(&mut self.values) {
            value.zeroize();
        }
    }
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#')).map(str::trim).filter(|it| !it.is_empty())
}

/// Whether a name is in a list: `*` at either end stands for anything.
fn fits(list: &[&str], name: &str) -> bool {
    list.iter().any(|known| match (known.strip_prefix('*'), known.strip_suffix('*')) {
        (_, Some(begin)) => name.starts_with(begin),
        (Some(end), _) => name.ends_with(end),
        _ => name == *known,
    })
}

/// Whether a name says that its value is a secret: one of its words does.
pub(super) fn says_secret(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
        } else if letter.is_uppercase() && small {
            words.push(letter.to_lowercase().collect());
        } else if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase();
    }
    let ends = ["token", "secret", "password", "apikey", "passwd"];
    words.iter().any(|word| {
        SECRET_WORDS.contains(word.as_str()) || ends.iter().any(|end| word.ends_with(end))
    })
}

fn is_common(value: &str) -> bool {
    OPEN_VALUES.contains(value.to_lowercase().as_str())
}

/// Whether a value is a key that everybody may read.
fn is_public(value: &str) -> bool {
    let written = closed::written(value);
    written.iter().any(|it| it.public && it.range == (0..value.len()))
}

/// Whether a value is no more than words, numbers and what joins them.
fn is_plain(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.chars().filter(|letter| letter.is_alphabetic()).count();
    if letters == 0 {
        // A port, a date, a number of things; a long one may be a code.
        return digits < 12;
    }
    let is_word = |word: &str| {
        let mut rest = word.chars();
        rest.next();
        let rest = rest.as_str();
        let one_case = rest.chars().all(char::is_lowercase) || word.chars().all(char::is_uppercase);
        // `myShop` is two words, and `aXbYc` is none.
        let humps = rest.chars().filter(|letter| letter.is_uppercase()).count();
        word.len() <= LONGEST_WORD && (one_case || humps * 3 < word.len())
    };
    let mut parts = value.split(|letter: char| !letter.is_alphanumeric());
    digits <= MOST_DIGITS
        && parts.all(|part| {
            let digits = part.bytes().filter(u8::is_ascii_digit).count();
            match digits {
                0 => is_word(part),
                _ => digits == part.len() || part.len() < STEM,
            }
        })
}

fn is_path(value: &str) -> bool {
    value.starts_with(['/', '~', '.']) || value.contains(":/") && !value.contains("://")
}

fn is_address(value: &str) -> bool {
    value.contains("://")
}

/// Whether a value is an address and nothing more: a host without a user, a path or a query.
fn is_bare_address(value: &str) -> bool {
    let host = value.split_once("://").map(|(_, host)| host);
    host.is_some_and(|host| !host.trim_end_matches('/').contains(['/', '@', '?', '#']))
}

/// Returns the password in an address.
fn password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    // A password may have a slash that nobody encoded.
    let (user, _) = host.rsplit_once('@').or_else(|| rest.rsplit_once('@'))?;
    user.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        match digits.and_then(|it| u8::from_str_radix(it, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes a name that a mask can hold.
fn tidy(name: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || "_.-:/".contains(letter);
    let name = name.chars().map(|letter| if kept(letter) { letter } else { '_' });
    name.take(LONGEST_NAME).collect()
}
