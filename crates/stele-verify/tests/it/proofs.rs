//! Every way to tamper, and the kind of finding that it must lead to.
