//! What tools did to one file, over all their changes.

/// The changes that tools made to a file.
#[derive(Debug, Default)]
pub struct Edits {
    /// The file's hash before the first of them; absent where there was no file.
    pub before: Option<String>,
    /// Its hash after the last of them; absent where the file is gone.
    pub after: Option<String>,
    /// Lines added, summed over the changes.
    pub added: usize,
    /// Lines removed, summed over the changes.
    pub removed: usize,
}

impl Edits {
    /// Takes one more change into what is known of a file.
    pub fn take(
        known: &mut Option<Edits>,
        before: &Option<String>,
        after: &Option<String>,
        (added, removed): (usize, usize),
    ) {
        let edits =
            known.get_or_insert_with(|| Edits { before: before.clone(), ..Edits::default() });
        edits.after.clone_from(after);
        edits.added += added;
        edits.removed += removed;
    }
}
