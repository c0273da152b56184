//! What may leave: text in which every secret that is known, or known by its form, is masked.
//!
//! **Invariant:** only a [`Redactor`] makes a [`Clean`]. What sends takes nothing else: the model's
//! client, the journal, and through it every display and report, the fetcher.

mod files;
mod forms;
mod machine;
mod masked;
mod stream;
mod vault;

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Serialize, Serializer};
use serde_json::Value;

use machine::Machine;

pub use files::values as values_of_file;
pub use masked::{Masked, has_token};
pub use stream::Stream;
pub use vault::{Origin, Vault};

/// What may leave: a text, or something made of texts. Only a redactor makes it.
///
/// ```compile_fail
/// // Its field is private, and nothing converts into it.
/// let clean: wizard::redact::Clean = wizard::redact::Clean("a text".to_owned());
/// ```
///
/// ```compile_fail
/// let clean: wizard::redact::Clean = "a text".to_owned().into();
/// ```
///
/// ```compile_fail
/// // It is not read from anywhere either.
/// let clean: wizard::redact::Clean = serde_json::from_str("\"a text\"").unwrap();
/// ```
///
/// ```
/// let redactor = wizard::redact::Redactor::default();
/// let clean: wizard::redact::Clean = redactor.clean("a text");
/// assert_eq!(*clean, "a text");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean<T = String>(T);

/// Something made of texts, each of which can be masked.
pub trait Texts {
    /// Gives every text to `mask`.
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String));
}

/// Masks secrets: exact values in the forms in which they turn up, and what is one by its form.
///
/// A copy knows what the original learns later.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    machine: Arc<RwLock<Arc<Machine>>>,
}

impl Redactor {
    /// Makes a redactor of the values in a vault.
    pub fn new(vault: &Vault) -> Self {
        Redactor { machine: Arc::new(RwLock::new(Arc::new(Machine::new(vault)))) }
    }

    /// Learns one more value, which is a secret whatever it looks like.
    pub fn learn(&self, name: &str, value: &str) {
        let mut machine = self.machine.write().unwrap_or_else(PoisonError::into_inner);
        let mut vault = machine.vault().clone();
        if vault.keep(name, value) {
            *machine = Arc::new(Machine::new(&vault));
        }
    }

    /// Masks every secret in a text.
    pub fn clean(&self, text: &str) -> Clean {
        Clean(self.masked(text).into_text())
    }

    /// Masks every secret in every text of a value.
    pub fn clean_all<T: Texts>(&self, mut value: T) -> Clean<T> {
        value.each_text(&mut |text| {
            let masked = self.masked(text);
            if masked.is_changed() {
                *text = masked.into_text();
            }
        });
        Clean(value)
    }

    /// Masks a text, and knows which of its bytes each mask stands for.
    pub fn masked(&self, text: &str) -> Masked {
        Masked::new(&self.machine(), text)
    }

    /// Masks a text that comes in pieces.
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }

    fn machine(&self) -> Arc<Machine> {
        Arc::clone(&self.machine.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Clean<T> {
    /// Returns what is clean, which may change then and is clean no more.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Clean<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for Clean<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: std::fmt::Display> std::fmt::Display for Clean<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<Clean> for String {
    fn from(clean: Clean) -> String {
        clean.0
    }
}

impl Texts for String {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        mask(self);
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|item| item.each_text(mask));
    }
}

impl<T: Texts> Texts for Option<T> {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|item| item.each_text(mask));
    }
}

/// The names of fields and numbers are texts too.
impl Texts for Value {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        match self {
            Value::String(text) => mask(text),
            Value::Array(items) => items.iter_mut().for_each(|item| item.each_text(mask)),
            Value::Object(fields) => {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(mut name, mut value)| {
                        mask(&mut name);
                        value.each_text(mask);
                        (name, value)
                    })
                    .collect();
            }
            Value::Number(number) => {
                let before = number.to_string();
                let mut text = before.clone();
                mask(&mut text);
                if text != before {
                    *self = Value::String(text);
                }
            }
            Value::Bool(_) | Value::Null => {}
        }
    }
}

#[cfg(test)]
mod tests;
