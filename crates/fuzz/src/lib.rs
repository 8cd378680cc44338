//! Fuzz targets of Tierra as library code.
