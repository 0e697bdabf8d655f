/* Events of libyaml into a tree; what the dialect leaves out is refused at its place. */
#include "spec/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define WI_ORIGIN "spec"

enum { MAX_DEPTH = 32 };

typedef struct frame { /* an open list or map */
  wi_yaml *node;
  wi_yaml *key; /* waits for its value */
  bool drop;    /* the waiting key was refused: its value is dropped */
  wi_list keys, items;
} frame;

typedef struct builder {
  const wi_yaml_input *input;
  wi_arena *arena;
  wi_diags *diags;
  frame stack[MAX_DEPTH];
  size_t depth;
  wi_yaml *root;
  size_t documents;
  bool done, broken, nomem;
} builder;

void wi_text_place(const char *text, size_t at, uint32_t *line, uint32_t *column) {
  for (size_t i = 0; i < at; i++) {
    if (text[i] == '\n') {
      *line += 1;
      *column = 1;
    } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
      *column += 1;
    }
  }
}

static void place_of(const builder *b, const yaml_mark_t *mark, uint32_t *line,
                     uint32_t *column) {
  *line = b->input->line + (uint32_t)mark->line;
  *column = (uint32_t)mark->column + (mark->line == 0 ? b->input->column : 1);
}

static void refuse(builder *b, const yaml_mark_t *mark, const char *hint,
                   const char *what) {
  uint32_t line, column;
  place_of(b, mark, &line, &column);
  wi_diags_add(b->diags, false, WEIR_E_YAML, WI_ORIGIN, b->input->file, line, column,
               hint, "%s", what);
}

static void stop(builder *b, const yaml_mark_t *mark, const char *hint,
                 const char *what) {
  refuse(b, mark, hint, what);
  b->broken = true;
}

static wi_yaml *new_node(builder *b, wi_yaml_kind kind, const yaml_event_t *event) {
  wi_yaml *node = wi_arena_alloc(b->arena, sizeof *node);
  if (node == NULL) {
    b->nomem = true;
    return NULL;
  }
  node->kind = kind;
  node->text = "";
  place_of(b, &event->start_mark, &node->line, &node->column);
  return node;
}

/* Takes a finished key of the innermost map. */
static void take_key(builder *b, frame *f, wi_yaml *node, const yaml_event_t *event) {
  f->key = node;
  f->drop = node->kind != WI_YAML_SCALAR;
  if (node->kind == WI_YAML_LIST || node->kind == WI_YAML_MAP) {
    refuse(b, &event->start_mark, "quote the text if it is meant as a name",
           "a key has to be a plain text");
  } else if (node->kind == WI_YAML_SCALAR && node->plain &&
             strcmp(node->text, "<<") == 0) {
    refuse(b, &event->start_mark, "write the keys out",
           "merge keys (<<) are not accepted");
    f->drop = true;
  }
}

static void attach(builder *b, wi_yaml *node, const yaml_event_t *event) {
  if (b->depth == 0) {
    b->root = node;
    return;
  }
  frame *f = &b->stack[b->depth - 1];
  if (f->node->kind == WI_YAML_MAP && f->key == NULL) {
    take_key(b, f, node, event);
    return;
  }
  if (f->node->kind == WI_YAML_MAP) {
    wi_yaml *key = f->key;
    f->key = NULL;
    if (f->drop) {
      return;
    }
    b->nomem = b->nomem || !wi_list_add(&f->keys, key);
  }
  b->nomem = b->nomem || !wi_list_add(&f->items, node);
}

static void refuse_marks(builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                         const yaml_char_t *tag) {
  if (anchor != NULL) {
    refuse(b, &event->start_mark,
           "write the value out where it is needed; quote a text "
           "that begins with &",
           "anchors (&name) are not accepted");
  }
  if (tag != NULL) {
    refuse(b, &event->start_mark,
           "leave it out: types are known from the key; quote a text "
           "that begins with !",
           "tags (!name) are not accepted");
  }
}

static void on_scalar(builder *b, const yaml_event_t *event) {
  const char *text = (const char *)event->data.scalar.value;
  size_t n = event->data.scalar.length;
  refuse_marks(b, event, event->data.scalar.anchor, event->data.scalar.tag);
  wi_yaml *node = new_node(b, WI_YAML_SCALAR, event);
  if (node == NULL) {
    return;
  }
  if (memchr(text, '\0', n) != NULL) {
    refuse(b, &event->start_mark, NULL, "a text may not hold the character NUL");
    node->kind = WI_YAML_BAD;
  } else {
    node->text = wi_arena_ndup(b->arena, text, n);
    b->nomem = b->nomem || node->text == NULL;
  }
  node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  if (!b->nomem) {
    attach(b, node, event);
  }
}

static void on_open(builder *b, const yaml_event_t *event, wi_yaml_kind kind) {
  wi_yaml *node = new_node(b, kind, event);
  if (node == NULL) {
    return;
  }
  if (b->depth == MAX_DEPTH) {
    stop(b, &event->start_mark, NULL, "lists and maps are nested more than 32 deep");
    return;
  }
  attach(b, node, event);
  b->stack[b->depth] = (frame){.node = node};
  b->depth++;
}

static int by_key(const void *a, const void *b) {
  const wi_yaml *x = *(wi_yaml *const *)a, *y = *(wi_yaml *const *)b;
  int order = strcmp(x->text, y->text);
  if (order != 0) {
    return order;
  }
  if (x->line != y->line) {
    return x->line < y->line ? -1 : 1;
  }
  return (x->column > y->column) - (x->column < y->column);
}

/* Marks the second and later key of one text as BAD, so that close_map drops it. */
static void refuse_duplicates(builder *b, frame *f) {
  wi_yaml **sorted = f->keys.n < 2 ? NULL : wi_alloc_array(f->keys.n, sizeof *sorted);
  if (sorted == NULL) {
    b->nomem = b->nomem || f->keys.n >= 2;
    return;
  }
  memcpy(sorted, f->keys.items, f->keys.n * sizeof *sorted);
  qsort(sorted, f->keys.n, sizeof *sorted, by_key);
  for (size_t i = 1, first = 0; i < f->keys.n; i++) {
    if (strcmp(sorted[i]->text, sorted[first]->text) != 0) {
      first = i;
      continue;
    }
    wi_diags_add(b->diags, false, WEIR_E_YAML, WI_ORIGIN, b->input->file, sorted[i]->line,
                 sorted[i]->column, "take one of them out",
                 "the key '%s' is there twice; the first is in line %u", sorted[i]->text,
                 sorted[first]->line);
    sorted[i]->kind = WI_YAML_BAD;
  }
  wi_free(sorted);
}

static void on_close(builder *b) {
  frame *f = &b->stack[--b->depth];
  bool map = f->node->kind == WI_YAML_MAP;
  if (map) {
    refuse_duplicates(b, f);
  }
  size_t n = f->items.n;
  f->node->items = wi_arena_array(b->arena, n + 1, sizeof *f->node->items);
  f->node->keys = wi_arena_array(b->arena, n + 1, sizeof *f->node->keys);
  if (f->node->items == NULL || f->node->keys == NULL) {
    b->nomem = true;
    n = 0;
  }
  for (size_t i = 0; i < n; i++) {
    if (map && ((wi_yaml *)f->keys.items[i])->kind == WI_YAML_BAD) {
      continue;
    }
    f->node->keys[f->node->n] = map ? f->keys.items[i] : NULL;
    f->node->items[f->node->n] = f->items.items[i];
    f->node->n++;
  }
  wi_list_release(&f->keys);
  wi_list_release(&f->items);
}

static void on_document(builder *b, const yaml_event_t *event) {
  if (b->documents++ > 0) {
    stop(b, &event->start_mark, "take out the line ---",
         "a second document; only one is accepted");
  } else if (event->data.document_start.tag_directives.start !=
             event->data.document_start.tag_directives.end) {
    refuse(b, &event->start_mark, "leave it out", "tag directives are not accepted");
  }
}

static void on_event(builder *b, const yaml_event_t *event) {
  wi_yaml *node;
  switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
      on_document(b, event);
      break;
    case YAML_ALIAS_EVENT:
      refuse(b, &event->start_mark,
             "write the value out; quote a text that begins with *",
             "aliases (*name) are not accepted");
      node = new_node(b, WI_YAML_BAD, event);
      if (node != NULL) {
        attach(b, node, event);
      }
      break;
    case YAML_SCALAR_EVENT:
      on_scalar(b, event);
      break;
    case YAML_SEQUENCE_START_EVENT:
      refuse_marks(b, event, event->data.sequence_start.anchor,
                   event->data.sequence_start.tag);
      on_open(b, event, WI_YAML_LIST);
      break;
    case YAML_MAPPING_START_EVENT:
      refuse_marks(b, event, event->data.mapping_start.anchor,
                   event->data.mapping_start.tag);
      on_open(b, event, WI_YAML_MAP);
      break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      on_close(b);
      break;
    case YAML_STREAM_END_EVENT:
      b->done = true;
      break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
      break;
  }
}

static void syntax_error(builder *b, const yaml_parser_t *parser) {
  yaml_mark_t mark = parser->problem_mark;
  const char *problem = parser->problem == NULL ? "cannot be read" : parser->problem;
  const char *context = parser->context == NULL ? "" : parser->context;
  uint32_t line = b->input->line, column = b->input->column;
  if (parser->error == YAML_MEMORY_ERROR) {
    b->nomem = true;
    return;
  }
  if (parser->error == YAML_READER_ERROR) { /* has no mark, only an offset in bytes */
    size_t at =
        parser->problem_offset < b->input->n ? parser->problem_offset : b->input->n;
    wi_text_place(b->input->text, at, &line, &column);
  } else {
    place_of(b, &mark, &line, &column);
  }
  wi_diags_add(
      b->diags, false, WEIR_E_YAML, WI_ORIGIN, b->input->file, line, column,
      "indent with spaces, not tabs; put texts with special characters in quotes",
      "not valid YAML: %s%s%s", context, context[0] == '\0' ? "" : ", ", problem);
  b->broken = true;
}

static void run(builder *b) {
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) {
    b->nomem = true;
    return;
  }
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *)b->input->text,
                               b->input->n);
  while (!b->done && !b->broken && !b->nomem) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) {
      syntax_error(b, &parser);
      break;
    }
    on_event(b, &event);
    yaml_event_delete(&event);
  }
  while (b->depth > 0) {
    b->depth--;
    wi_list_release(&b->stack[b->depth].keys);
    wi_list_release(&b->stack[b->depth].items);
  }
  yaml_parser_delete(&parser);
}

/* libyaml gives no mark for bad UTF-8, so it is looked for first. */
static bool check_utf8(const wi_yaml_input *input, wi_diags *diags) {
  for (size_t i = 0; i < input->n;) {
    size_t step = wi_utf8_char(input->text + i, input->n - i);
    if (step == 0) {
      uint32_t line = input->line, column = input->column;
      wi_text_place(input->text, i, &line, &column);
      wi_diags_add(diags, false, WEIR_E_YAML, WI_ORIGIN, input->file, line, column,
                   "save the file as UTF-8", "a byte that is not UTF-8");
      return false;
    }
    i += step;
  }
  return true;
}

weir_status wi_yaml_parse(const wi_yaml_input *input, wi_arena *arena, wi_yaml **root,
                          wi_diags *diags, weir_error *err) {
  builder b = {.input = input, .arena = arena, .diags = diags};
  *root = NULL;
  if (!check_utf8(input, diags)) {
    return WI_ERR(err, WEIR_E_YAML, "'%s' is not UTF-8", input->file);
  }
  run(&b);
  if (b.nomem) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (b.broken) {
    return WI_ERR(err, WEIR_E_YAML, "'%s' is not valid YAML", input->file);
  }
  *root = b.root;
  return WEIR_OK;
}

static size_t find(const wi_yaml *map, const char *key) {
  size_t i = 0;
  while (i < map->n && strcmp(map->keys[i]->text, key) != 0) {
    i++;
  }
  return i;
}

const wi_yaml *wi_yaml_get(const wi_yaml *map, const char *key) {
  if (map == NULL || map->kind != WI_YAML_MAP) {
    return NULL;
  }
  size_t i = find(map, key);
  return i < map->n ? map->items[i] : NULL;
}

const wi_yaml *wi_yaml_key(const wi_yaml *map, const char *key) {
  if (map == NULL || map->kind != WI_YAML_MAP) {
    return NULL;
  }
  size_t i = find(map, key);
  return i < map->n ? map->keys[i] : NULL;
}

bool wi_yaml_is_null(const wi_yaml *node) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
  if (node == NULL) {
    return true;
  }
  if (node->kind != WI_YAML_SCALAR || !node->plain) {
    return false;
  }
  for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
    if (strcmp(node->text, nulls[i]) == 0) {
      return true;
    }
  }
  return false;
}

const char *wi_yaml_kind_name(const wi_yaml *node) {
  if (wi_yaml_is_null(node)) {
    return "nothing";
  }
  switch (node->kind) {
    case WI_YAML_SCALAR:
      return "a single value";
    case WI_YAML_LIST:
      return "a list";
    case WI_YAML_MAP:
      return "a map";
    case WI_YAML_BAD:
      break;
  }
  return "nothing";
}
