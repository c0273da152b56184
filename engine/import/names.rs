//! Names of the format, made from words of other people's.

use std::collections::BTreeSet;

/// The longest name that is made.
const LONGEST: usize = 40;

/// Makes a name of words: `Step one, again!` is `step_one_again`. Nothing where no letter is left.
pub(super) fn snake(words: &str) -> Option<String> {
    let mut name = String::new();
    for word in words.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = word.to_ascii_lowercase();
        if word.is_empty() {
            continue;
        }
        if name.len() + word.len() >= LONGEST && !name.is_empty() {
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(&word);
    }
    name.truncate(LONGEST);
    let begins = name.chars().next()?;
    Some(if begins.is_ascii_digit() { format!("n{name}") } else { name })
}

/// Names that are given, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// Gives a name, with a number behind it where it is taken.
    pub(super) fn give(&mut self, words: &str, otherwise: &str) -> String {
        let wanted = snake(words).unwrap_or_else(|| otherwise.to_owned());
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name = names.find(|name| !self.taken.contains(name)).unwrap_or(wanted);
        self.taken.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_letters_of_its_words() {
        assert_eq!(snake("Read: the *Code*").as_deref(), Some("read_the_code"));
        assert_eq!(snake("2 ways").as_deref(), Some("n2_ways"));
        assert_eq!(snake("分析 – "), None);
        let long = snake(&"word ".repeat(30)).unwrap();
        assert!(long.len() <= LONGEST && long.ends_with("word"), "{long}");
    }

    #[test]
    fn a_name_is_given_once() {
        let mut names = Names::default();
        let given = ["Git log", "git-log", "日本"].map(|words| names.give(words, "git_log"));
        assert_eq!(given, ["git_log", "git_log_2", "git_log_3"]);
    }
}
