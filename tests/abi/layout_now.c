/* The layout by today's headers. */
#define LAYOUT_ROWS  layout_now
#define LAYOUT_COUNT n_layout_now
#include "layout.inc"
