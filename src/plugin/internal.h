/* Inside src/plugin. */
#ifndef WI_PLUGIN_INTERNAL_H
#define WI_PLUGIN_INTERNAL_H

#include "plugin/plugin.h"

/* Size and versions, before anything else of the description is read (check.c). */
weir_status wi_plugin_handshake(const weir_plugin *from, const wi_plugin_abi *abi,
                                weir_error *err);
/* Texts, names, kinds and callbacks (check.c). */
weir_status wi_plugin_check(const weir_plugin *from, const wi_plugin_abi *abi,
                            weir_error *err);
/* Fills plugin->functions (wrap.c). */
weir_status wi_plugin_wrap(wi_plugin *plugin, weir_error *err);
/* Whether the loaded object that holds `address` is this file's (image.c). */
bool wi_plugin_is_loaded_from(const void *address, const wi_buf *file);

#endif
