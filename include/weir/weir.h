/**
 * \file weir/weir.h
 * All of weir: a deterministic view engine over Delta Lake. Each noun has a header of its own.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include "weir/arrow.h"
#include "weir/cancel.h"
#include "weir/error.h"
#include "weir/log.h"
#include "weir/project.h"
#include "weir/query.h"
#include "weir/session.h"
#include "weir/statement.h"
#include "weir/table.h"
#include "weir/text.h"

#endif
