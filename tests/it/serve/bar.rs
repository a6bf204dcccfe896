//! The bar: it agrees with the edge, and a person can use it.
