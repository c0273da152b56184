//! What a person reads afterwards, folded from a journal.
