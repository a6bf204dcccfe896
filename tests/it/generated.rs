//! The course-like sites that the benchmarks are measured on, made small.

#[path = "../../benches/compare/course.rs"]
pub(crate) mod course;
#[path = "../../benches/compare/ours.rs"]
pub(crate) mod ours;
