//! Doing it: from a plan to a journal. The only phase that touches the world.
