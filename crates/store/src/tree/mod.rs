//! One keg's tree, in memory: the rules about links and placement.
