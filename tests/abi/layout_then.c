/* The layout by the headers of 0.1. */
#define LAYOUT_ROWS  layout_then
#define LAYOUT_COUNT n_layout_then
#include "layout.inc"
