//! The templates of a beginning: texts with `«word»` in them, and lines for one case only.

use std::collections::BTreeMap;

/// What is filled in, by word.
#[derive(Debug, Default)]
pub(super) struct Words {
    words: BTreeMap<&'static str, String>,
}

impl Words {
    /// Gives a word its text.
    pub(super) fn put(&mut self, word: &'static str, text: &str) {
        self.words.insert(word, text.to_owned());
    }

    /// Fills a template in. The lines from `«when WORD»` to `«end»` are left out where the word's
    /// text is empty, those from `«unless WORD»` where it is not.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len());
        let mut kept = true;
        for line in template.split_inclusive('\n') {
            let mark = line.trim();
            let inside = |begins: &str| mark.strip_prefix(begins)?.strip_suffix('»');
            if let Some(word) = inside("«when ") {
                kept = !self.is_empty(word);
            } else if let Some(word) = inside("«unless ") {
                kept = self.is_empty(word);
            } else if mark == "«end»" {
                kept = true;
            } else if kept {
                text.push_str(line);
            }
        }
        for (word, filled) in &self.words {
            text = text.replace(&format!("«{word}»"), filled);
        }
        text
    }

    fn is_empty(&self, word: &str) -> bool {
        self.words.get(word).is_none_or(String::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_one_case() {
        let mut words = Words::default();
        words.put("a", "A");
        words.put("b", "");
        let template =
            "«a»\n«when a»\none\n«end»\n«when b»\ntwo\n«end»\n«unless b»\n three «b»\n«end»\n";
        assert_eq!(words.fill(template), "A\none\n three \n");
    }
}
