//! Custom rules: JSON logic over a documented set of variables. A rule that cannot be evaluated
//! refuses and says which.
