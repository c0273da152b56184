//! Where the system and its toolchains stand: what every command may read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders of programs whose folder above belongs to them.
const PROGRAMS: [&str; 3] = ["bin", "sbin", "shims"];

/// The person's folders, as their environment says.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    environment: &'a BTreeMap<String, String>,
}

impl<'a> Home<'a> {
    /// Takes the variables of an environment.
    pub fn new(environment: &'a BTreeMap<String, String>) -> Self {
        Home { environment }
    }

    /// Fills in `~`, `$NAME`, `{cache}` and `{data}` at the beginning of a path; nothing where it
    /// is not known, or leads to the home folder itself or above it.
    pub fn path(&self, text: &str) -> Option<PathBuf> {
        let (first, rest) = text.split_once('/').unwrap_or((text, ""));
        let variable = |name: &str| {
            self.environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let home = || variable("HOME");
        let base = match first {
            "~" => home()?,
            "{cache}" => variable("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")))?,
            "{data}" => variable("XDG_DATA_HOME").or_else(|| Some(home()?.join(".local/share")))?,
            _ => match first.strip_prefix('$') {
                Some(name) => variable(name)?,
                None => return Some(PathBuf::from(text)),
            },
        };
        let path = if rest.is_empty() { base } else { base.join(rest) };
        self.is_narrow(&path).then_some(path)
    }

    /// Returns what every command may read.
    pub fn readable(&self) -> Vec<PathBuf> {
        let lines = include_str!("readable.txt").lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut paths: Vec<PathBuf> =
            lines.filter_map(|line| self.path(line)).flat_map(|path| spread(&path)).collect();
        let folders = self.environment.get("PATH").map(String::as_str).unwrap_or_default();
        for folder in std::env::split_paths(folders) {
            paths.extend(self.around(&folder));
        }
        paths.retain(|path| path.exists());
        paths.sort();
        paths.dedup();
        paths
    }

    /// Returns a folder of programs with what belongs to it.
    pub fn around(&self, programs: &Path) -> Vec<PathBuf> {
        if !programs.is_absolute() || !self.is_narrow(programs) {
            return Vec::new();
        }
        let is_programs = programs.file_name().is_some_and(|name| {
            PROGRAMS.iter().any(|programs| name.eq_ignore_ascii_case(programs))
        });
        let above = programs.parent().filter(|above| is_programs && self.is_of_programs(above));
        [Some(programs), above].into_iter().flatten().map(Path::to_owned).collect()
    }

    /// Whether a folder above programs holds nothing else: the home folder does, and so may a
    /// hidden one in it.
    fn is_of_programs(self, folder: &Path) -> bool {
        let home = self.environment.get("HOME").map(Path::new);
        let hidden = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        self.is_narrow(folder) && !(hidden && folder.parent() == home)
    }

    /// Whether a path leads neither to the home folder nor above it.
    fn is_narrow(self, path: &Path) -> bool {
        let home = self.environment.get("HOME").map(Path::new);
        let contains = |path: &Path| home.is_some_and(|home| home.starts_with(path));
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let real_home = home.and_then(|home| home.canonicalize().ok());
        let contains_real = real_home.is_some_and(|home| home.starts_with(&real));
        path.parent().is_some() && !contains(path) && !contains_real
    }
}

/// Returns the paths that a path with a `*` at its end stands for.
fn spread(path: &Path) -> Vec<PathBuf> {
    let text = path.to_string_lossy();
    let Some(beginning) = text.strip_suffix('*') else { return vec![path.to_owned()] };
    let Some((folder, name)) = beginning.rsplit_once('/') else { return Vec::new() };
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(name))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_persons_home_is_never_given_whole() {
        let environment = environment(&[
            ("HOME", "/home/ann"),
            ("JAVA_HOME", "/home/ann"),
            ("GOPATH", "/home"),
            ("NVM_DIR", "relative"),
            ("PYENV_ROOT", "/home/ann/.pyenv"),
        ]);
        let home = Home::new(&environment);
        for text in ["~", "$JAVA_HOME", "$GOPATH", "$NVM_DIR", "$ABSENT", "/", "{cache}/.."] {
            let path = home.path(text);
            assert!(path.is_none() || text == "/" || text == "{cache}/..", "{text}: {path:?}");
        }
        assert_eq!(home.path("$PYENV_ROOT/bin"), Some("/home/ann/.pyenv/bin".into()));
        assert_eq!(home.path("{cache}/x"), Some("/home/ann/.cache/x".into()));
        assert_eq!(
            home.around(Path::new("/home/ann/.cargo/bin")),
            [Path::new("/home/ann/.cargo/bin")]
        );
        let node = "/home/ann/.nvm/versions/node/v20/bin";
        assert_eq!(home.around(Path::new(node)).len(), 2);
        assert_eq!(home.around(Path::new("/home/ann/bin")), [Path::new("/home/ann/bin")]);
        assert!(home.around(Path::new("/home/ann")).is_empty());
    }

    #[test]
    fn no_line_gives_what_holds_secrets() {
        for line in include_str!("readable.txt").lines().filter(|line| !line.starts_with('#')) {
            for secret in
                ["~/.ssh", "~/.aws", "~/.npmrc", "~/.netrc", "/etc/shadow", "/etc/ssl/private"]
            {
                let covers = !line.is_empty() && secret.starts_with(line.trim_end_matches('*'));
                assert!(!covers, "{line} gives {secret}");
            }
        }
    }
}
