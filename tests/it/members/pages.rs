//! Pages that open and close for a member, with a manifest.
