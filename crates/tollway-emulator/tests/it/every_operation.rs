//! Every operation of the description answers.
