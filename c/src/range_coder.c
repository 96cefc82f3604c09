/* The public face of _range_coder_core.h, the same core that the Python extension is built from. */

#include "tfcomp/range_coder.h"

#include "_range_coder_core.h"

static tfcomp_status translated(rc_status status)
{
    switch (status) {
    case RC_OK:
        return TFCOMP_OK;
    case RC_BAD_TABLE:
        return TFCOMP_BAD_TABLES;
    case RC_DAMAGED:
        return TFCOMP_DAMAGED;
    case RC_NO_MEMORY:
        return TFCOMP_NO_MEMORY;
    default:
        return TFCOMP_BAD_ARGUMENT;
    }
}

static rc_tables core_tables(const tfcomp_tables *tables)
{
    rc_tables core = {tables->cdf, tables->cdf_length, tables->starts, tables->count};

    return core;
}

tfcomp_status tfcomp_encode(const tfcomp_tables *tables, const int32_t *values,
                            const int32_t *index, size_t n, uint8_t **bytes, size_t *length)
{
    rc_tables core = core_tables(tables);
    rc_encoder encoder;
    rc_model model;
    rc_status status = RC_OK;
    size_t k;

    *bytes = NULL;
    *length = 0;
    rc_encoder_init(&encoder);
    for (k = 0; k < n && status == RC_OK; ++k) {
        int64_t symbol;

        if ((status = rc_reserve(&encoder)) != RC_OK ||
            (status = rc_select(&core, index[k], &model)) != RC_OK)
            break;
        symbol = (int64_t)values[k] - tables->offsets[index[k]];
        if (symbol < INT32_MIN || symbol > INT32_MAX)
            status = RC_BAD_SYMBOL;
        else
            status = rc_encode_symbol(&encoder, &model, (int32_t)symbol);
    }
    if (status == RC_OK)
        status = rc_finish(&encoder);
    if (status != RC_OK) {
        rc_encoder_free(&encoder);
        return translated(status);
    }
    *bytes = encoder.bytes;
    *length = encoder.length;
    return TFCOMP_OK;
}

tfcomp_status tfcomp_decode(const tfcomp_tables *tables, const uint8_t *bytes, size_t length,
                            const int32_t *index, int32_t *values, size_t n)
{
    rc_tables core = core_tables(tables);
    rc_status status = rc_decode(&core, bytes, length, index, values, n);
    size_t k;

    if (status != RC_OK)
        return translated(status);
    for (k = 0; k < n; ++k) {
        int64_t value = (int64_t)values[k] + tables->offsets[index[k]];

        if (value < INT32_MIN || value > INT32_MAX)
            return TFCOMP_DAMAGED;
        values[k] = (int32_t)value;
    }
    return TFCOMP_OK;
}

const char *tfcomp_status_text(tfcomp_status status)
{
    switch (status) {
    case TFCOMP_OK:
        return "fine";
    case TFCOMP_BAD_ARGUMENT:
        return "an index, a value or a size that cannot be used";
    case TFCOMP_BAD_TABLES:
        return "the tables cannot be used: install the bundle again";
    case TFCOMP_DAMAGED:
        return "the file is damaged: get an undamaged copy of it";
    case TFCOMP_NOT_TFCOMP:
        return "this is not a .tfcomp file";
    case TFCOMP_NEWER_FORMAT:
        return "the file has a format version that this program does not read";
    case TFCOMP_TOO_LARGE:
        return "the image is larger than allowed";
    case TFCOMP_NO_MEMORY:
        return "not enough memory";
    case TFCOMP_OTHER_BUNDLE:
        return "another bundle wrote it: decode it with that one";
    case TFCOMP_UNSUPPORTED:
        return "the file holds more than this program decodes";
    }
    return "unknown status";
}
