//! How a path may be written.

use std::path::{Component, Path};

use super::Workspace;
use crate::gate::Refusal;

/// The longest path, in bytes: what Linux takes.
const LONGEST: usize = 4_096;

/// Ways to write a dot or a slash so that a check does not see them: some program behind us might.
const DISGUISED: [&str; 13] = [
    "\\", "%2e", "%2f", "%5c", "%00", "%252e", "%252f", "\u{ff0e}", "\u{ff0f}", "\u{ff3c}",
    "\u{2215}", "\u{2044}", "\u{29f8}",
];

impl Workspace {
    /// Turns a path as it was asked for into one relative to the root, or refuses it.
    pub fn path(&self, asked: &str) -> Result<String, Refusal> {
        let outside = || {
            Refusal::Power(format!(
                "`{asked}` is not in the project; paths are relative to the project's root"
            ))
        };
        if asked.is_empty() || asked.contains('\0') || asked.len() > LONGEST {
            return Err(Refusal::Reply("the path is empty, too long, or has a NUL".to_owned()));
        }
        let lower = asked.to_lowercase();
        if DISGUISED.iter().any(|form| lower.contains(form)) {
            return Err(Refusal::Reply(format!(
                "`{asked}` is written in a disguise; a path has plain `/` and dots, and no escapes"
            )));
        }
        let path = Path::new(asked);
        let path = if path.is_absolute() {
            path.strip_prefix(self.root()).map_err(|_| outside())?
        } else {
            path
        };
        let mut parts: Vec<&str> = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(part) => {
                    let part = part.to_str().ok_or_else(outside)?;
                    if part.starts_with("...") && part.trim_matches('.').is_empty() || part == "~" {
                        return Err(outside());
                    }
                    parts.push(part);
                }
                Component::CurDir => {}
                Component::ParentDir => {
                    parts.pop().ok_or_else(outside)?;
                }
                Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        if parts.is_empty() { Ok(".".to_owned()) } else { Ok(parts.join("/")) }
    }
}

/// Says what is wrong with the name of a file that is to be made, if anything is: it must look like
/// what it is, and mean the same file on every system.
pub(super) fn strange(path: &str) -> Option<&'static str> {
    let hidden = |letter: char| letter.is_control() || crate::source::is_invisible(letter);
    if path.chars().any(hidden) {
        return Some("its name has characters that nobody sees");
    }
    let vague = |part: &str| part.ends_with([' ', '.']) || part.starts_with(' ');
    if path.split('/').any(vague) {
        return Some("a part of it begins or ends with a space, or ends with a dot");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_looks_like_what_it_is() {
        for path in ["a\nb", "a\u{202e}b.ts", ".e\u{200d}nv", "a ", "a./b", "a\u{7f}"] {
            assert!(strange(path).is_some(), "{path:?}");
        }
        for path in ["app/[id]/page.tsx", "a b.md", "été.ts", ".env.example", "$id.tsx"] {
            assert!(strange(path).is_none(), "{path:?}");
        }
    }
}
