//! The world that guest code sees: instances, memories, tables, globals, GC heap, stacks.
#![no_std]
