//! The way from the top of a front matter to one of its values.

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::editor) enum Step {
    Key(String),
    Item(usize),
}

/// The keys and items that lead to a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::editor) struct Trail(pub(in crate::editor) Vec<Step>);

impl Trail {
    /// Returns the way to the value of a key.
    pub(in crate::editor) fn key(&self, key: &str) -> Trail {
        self.with(Step::Key(key.to_owned()))
    }

    /// Returns the way to an item.
    pub(in crate::editor) fn item(&self, index: usize) -> Trail {
        self.with(Step::Item(index))
    }

    fn with(&self, step: Step) -> Trail {
        let mut steps = self.0.clone();
        steps.push(step);
        Trail(steps)
    }

    /// Whether it is `stages/*/needs/[]`, where `*` is any key and `[]` any item.
    pub(in crate::editor) fn is(&self, pattern: &str) -> bool {
        let mut wanted = pattern.split('/').filter(|part| !part.is_empty());
        let fits = self.0.iter().all(|step| match (step, wanted.next()) {
            (Step::Key(key), Some(part)) => part == "*" || part == key,
            (Step::Item(_), Some(part)) => part == "[]",
            (_, None) => false,
        });
        fits && wanted.next().is_none()
    }

    /// Returns the way to what this is a part of.
    pub(in crate::editor) fn above(&self) -> Trail {
        Trail(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// Returns the stage to which it leads.
    pub(in crate::editor) fn stage(&self) -> Option<&str> {
        self.below("stages")
    }

    /// Returns the name below a top-level key on its way.
    pub(in crate::editor) fn below(&self, top: &str) -> Option<&str> {
        match &self.0[..] {
            [Step::Key(first), Step::Key(name), ..] if first == top => Some(name),
            _ => None,
        }
    }
}

impl std::fmt::Display for Trail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps = self.0.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Item(index) => index.to_string(),
        });
        formatter.write_str(&steps.collect::<Vec<_>>().join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_says_where_a_trail_leads() {
        let trail = Trail::default().key("stages").key("init").key("needs").item(1);
        assert!(trail.is("stages/*/needs/[]"));
        assert!(!trail.is("stages/*/needs"));
        assert!(!trail.is("stages/*/needs/*"));
        assert!(Trail::default().is(""));
        assert_eq!(trail.stage(), Some("init"));
        assert!(trail.above().is("stages/*/needs"));
    }
}
