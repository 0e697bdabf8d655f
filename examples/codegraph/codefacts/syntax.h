/* The walk over one syntax tree: what parse.c shares with the makers of rows (facts_*.c). */
#ifndef CODEFACTS_SYNTAX_H
#define CODEFACTS_SYNTAX_H

#include <tree_sitter/api.h>

#include "codefacts.h"

/* Node kinds that are treated apart; every other kind only passes its children on. */
#define CF_KINDS(X)                                       \
  X(COMMENT, "comment")                                   \
  X(IDENTIFIER, "identifier")                             \
  X(DOTTED_NAME, "dotted_name")                           \
  X(ATTRIBUTE, "attribute")                               \
  X(SUBSCRIPT, "subscript")                               \
  X(MEMBER_TYPE, "member_type")                           \
  X(CONSTRAINED_TYPE, "constrained_type")                 \
  X(KEYWORD_ARGUMENT, "keyword_argument")                 \
  X(CALL, "call")                                         \
  X(ARGUMENT_LIST, "argument_list")                       \
  X(FUNCTION, "function_definition")                      \
  X(CLASS, "class_definition")                            \
  X(DECORATED, "decorated_definition")                    \
  X(DECORATOR, "decorator")                               \
  X(LAMBDA, "lambda")                                     \
  X(DEFAULT_PARAMETER, "default_parameter")               \
  X(TYPED_PARAMETER, "typed_parameter")                   \
  X(TYPED_DEFAULT_PARAMETER, "typed_default_parameter")   \
  X(LIST_COMPREHENSION, "list_comprehension")             \
  X(SET_COMPREHENSION, "set_comprehension")               \
  X(DICTIONARY_COMPREHENSION, "dictionary_comprehension") \
  X(GENERATOR, "generator_expression")                    \
  X(FOR_IN, "for_in_clause")                              \
  X(ASSIGNMENT, "assignment")                             \
  X(AUGMENTED, "augmented_assignment")                    \
  X(NAMED_EXPRESSION, "named_expression")                 \
  X(FOR, "for_statement")                                 \
  X(AS_PATTERN, "as_pattern")                             \
  X(EXCEPT, "except_clause")                              \
  X(DELETE, "delete_statement")                           \
  X(GLOBAL, "global_statement")                           \
  X(NONLOCAL, "nonlocal_statement")                       \
  X(IMPORT, "import_statement")                           \
  X(IMPORT_FROM, "import_from_statement")                 \
  X(FUTURE_IMPORT, "future_import_statement")             \
  X(ALIASED_IMPORT, "aliased_import")                     \
  X(RELATIVE_IMPORT, "relative_import")                   \
  X(IMPORT_PREFIX, "import_prefix")                       \
  X(WILDCARD_IMPORT, "wildcard_import")                   \
  X(CASE_CLAUSE, "case_clause")                           \
  X(CASE_PATTERN, "case_pattern")                         \
  X(CLASS_PATTERN, "class_pattern")                       \
  X(KEYWORD_PATTERN, "keyword_pattern")                   \
  X(TYPE_ALIAS, "type_alias_statement")                   \
  X(STRING, "string")                                     \
  X(CONCATENATED_STRING, "concatenated_string")           \
  X(STRING_START, "string_start")                         \
  X(STRING_CONTENT, "string_content")                     \
  X(INTERPOLATION, "interpolation")                       \
  X(EXPRESSION_STATEMENT, "expression_statement")         \
  X(BLOCK, "block")                                       \
  X(TUPLE, "tuple")                                       \
  X(LIST, "list")                                         \
  X(PARENTHESIZED, "parenthesized_expression")            \
  X(LIST_SPLAT, "list_splat")                             \
  X(EXPRESSION_LIST, "expression_list")                   \
  X(AS_TARGET, "as_pattern_target")                       \
  X(PATTERN_LIST, "pattern_list")                         \
  X(TUPLE_PATTERN, "tuple_pattern")                       \
  X(LIST_PATTERN, "list_pattern")                         \
  X(LIST_SPLAT_PATTERN, "list_splat_pattern")             \
  X(DICTIONARY_SPLAT_PATTERN, "dictionary_splat_pattern") \
  X(TYPE, "type")                                         \
  X(TYPE_PARAMETER, "type_parameter")                     \
  X(GENERIC_TYPE, "generic_type")                         \
  X(SPLAT_TYPE, "splat_type")

typedef enum cf_kind {
  CF_KIND_OTHER = 0,
#define CF_KIND_ROW(symbol, text) CF_KIND_##symbol,
  CF_KINDS(CF_KIND_ROW)
#undef CF_KIND_ROW
} cf_kind;

#define CF_FIELDS(X)                    \
  X(ALIAS, "alias")                     \
  X(ARGUMENTS, "arguments")             \
  X(ATTRIBUTE, "attribute")             \
  X(BODY, "body")                       \
  X(FUNCTION, "function")               \
  X(LEFT, "left")                       \
  X(MODULE_NAME, "module_name")         \
  X(NAME, "name")                       \
  X(OBJECT, "object")                   \
  X(PARAMETERS, "parameters")           \
  X(RIGHT, "right")                     \
  X(TYPE, "type")                       \
  X(TYPE_PARAMETERS, "type_parameters") \
  X(VALUE, "value")

typedef enum cf_field {
  CF_FIELD_NONE = 0,
#define CF_FIELD_ROW(symbol, text) CF_FIELD_##symbol,
  CF_FIELDS(CF_FIELD_ROW)
#undef CF_FIELD_ROW
      CF_FIELD_OTHER
} cf_field;

typedef enum cf_mode { /* what an identifier at this place is */
                       CF_MODE_LOAD = 0,
                       CF_MODE_STORE,
                       CF_MODE_DEL,
                       CF_MODE_EXCEPT, /* stored by `except ... as name` */
                       CF_MODE_PATTERN, /* in a case: a name captures, a dotted name loads */
                       CF_MODE_CAPTURE,   /* an identifier in a case that captures */
                       CF_MODE_PARAMETER, /* binds, and is no reference */
                       CF_MODE_GLOBAL,
                       CF_MODE_NONLOCAL
} cf_mode;

typedef struct cf_frame { /* one node still to be visited */
  TSNode node;
  TSNode parent;
  cf_mode mode;
  uint32_t scope;     /* where its names are looked up */
  uint32_t bind;      /* where its parameters (or a first iterable's targets) belong */
  uint32_t container; /* the enclosing definition, or CF_NONE */
  int32_t decorators;
} cf_frame;

typedef struct cf_child {
  TSNode node;
  cf_field field;
} cf_child;

typedef struct cf_visit {
  cf_facts *f;
  const uint8_t *kinds;  /* by symbol */
  const uint8_t *fields; /* by field id */
  TSTreeCursor cursor;
  cf_child *children; /* of the node being visited, in order, anonymous ones too */
  uint32_t n_children, cap_children;
  cf_frame *stack;
  uint32_t n_stack, cap_stack;
  bool failed; /* out of memory */
} cf_visit;

cf_kind cf_kind_of(const cf_visit *v, TSNode node);
cf_text cf_node_text(const cf_visit *v, TSNode node);
int64_t cf_start(TSNode node);
int64_t cf_end(TSNode node);
/* Fills v->children; the ones of the node before are forgotten. */
void cf_list_children(cf_visit *v, TSNode node);
/* The child of a field; false: none. Among the children listed last. */
bool cf_child_of(const cf_visit *v, cf_field field, TSNode *out);
/* The end of a node without the comments and blank lines after its last statement. */
int64_t cf_trimmed_end(cf_visit *v, TSNode node);

/* Makers of rows, one file of source each. They may list children anew. */
void cf_note_lines(cf_facts *f);
uint32_t cf_note_def(cf_visit *v, const cf_frame *frame, cf_kind kind);
void cf_note_identifier(cf_visit *v, const cf_frame *frame);
void cf_note_import(cf_visit *v, const cf_frame *frame, cf_kind kind);
void cf_note_call(cf_visit *v, const cf_frame *frame);

#endif
