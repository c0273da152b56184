//! What is closed: files, as globs that close and globs that open again, and secrets in texts.

mod content;
mod written;

use std::io;
use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

pub use content::is_key_file;
pub use written::{Written, covering, format_names, written};

/// Folders that hold what tools made, whether or not git ignores them: their files are not listed.
pub const MADE: [&str; 9] = [
    ".git",
    "node_modules",
    ".next",
    "target",
    ".venv",
    "venv",
    "__pycache__",
    ".pytest_cache",
    ".turbo",
];

static SECRET: LazyLock<Option<Closed>> = LazyLock::new(|| Closed::secret().ok());
static PROTECTED: LazyLock<Option<Closed>> = LazyLock::new(|| Closed::protected().ok());

/// Whether a path, by its name, holds secrets.
pub fn is_secret(path: &str) -> bool {
    SECRET.as_ref().is_some_and(|closed| closed.holds(path))
}

/// Whether a path, by its name, configures tools on a person's machine.
pub fn is_protected(path: &str) -> bool {
    PROTECTED.as_ref().is_some_and(|closed| closed.holds(path))
}

/// Whether a path is that of an env file by its name: one that programs read, and no example.
pub fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let begins = [".env", ".dev.vars", "env"].iter().any(|begin| {
        let rest = name.strip_prefix(begin);
        rest.is_some_and(|rest| rest.starts_with('.') || rest.is_empty() && *begin != "env")
    });
    let ends = name.rsplit('.').next() == Some("env");
    (begins || ends) && is_secret(path) && !name.ends_with('.')
}

/// Whether a key of an env file changes what programs run, or where they send things.
pub fn is_forbidden_key(key: &str) -> bool {
    let key = key.to_uppercase();
    let list = include_str!("forbidden_keys.txt").lines().filter(|line| !line.starts_with('#'));
    list.map(str::trim).filter(|line| !line.is_empty()).any(|line| {
        match (line.strip_prefix('*'), line.strip_suffix('*')) {
            (Some(end), _) => key.ends_with(end),
            (_, Some(begin)) => key.starts_with(begin),
            _ => key == line,
        }
    })
}

/// Globs that close files, and those that open some again.
#[derive(Debug)]
pub struct Closed {
    closed: GlobSet,
    open: GlobSet,
}

impl Closed {
    /// Reads a list: a glob over lower-case paths on each line; `!` opens again, `#` is a comment.
    pub fn read(text: &str) -> io::Result<Self> {
        let mut closed = GlobSetBuilder::new();
        let mut open = GlobSetBuilder::new();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        for line in lines {
            let (set, glob) = match line.strip_prefix('!') {
                Some(glob) => (&mut open, glob),
                None => (&mut closed, line),
            };
            let glob = GlobBuilder::new(glob).literal_separator(true).build();
            set.add(glob.map_err(io::Error::other)?);
        }
        Ok(Closed {
            closed: closed.build().map_err(io::Error::other)?,
            open: open.build().map_err(io::Error::other)?,
        })
    }

    /// Returns the list of files that hold secrets.
    pub fn secret() -> io::Result<Self> {
        Closed::read(include_str!("secret_files.txt"))
    }

    /// Returns the list of files that configure tools on a person's machine.
    pub fn protected() -> io::Result<Self> {
        Closed::read(include_str!("protected_files.txt"))
    }

    /// Whether a path is closed.
    pub fn holds(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        let path = path.trim_start_matches("./");
        self.closed.is_match(path) && !self.open.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_files_are_closed_by_any_spelling_and_examples_are_open() {
        let secret = Closed::secret().unwrap();
        for path in [".env", "./app/.ENV.local", "keys/server.PEM", "a/id_rsa"] {
            assert!(secret.holds(path), "{path}");
        }
        for path in [".env.example", "environment.py", "key.md"] {
            assert!(!secret.holds(path), "{path}");
        }
    }
}
