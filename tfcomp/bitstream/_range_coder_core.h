/* The range coder in C99, free of Python: see python_range_coder.py for the method.

   Nothing in here trusts its input. Indices, tables and streams may hold anything: every table is
   bounds-checked when it is used, every interval when it is taken, and each symbol costs at most
   63 steps, so no input reads out of bounds or runs on for ever. */

#ifndef TFCOMP_RANGE_CODER_CORE_H
#define TFCOMP_RANGE_CODER_CORE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define RC_MAX_PRECISION 16
#define RC_MAX_GAMMA_BITS 31 /* so a gamma code starts with 30 zeros at most */
#define RC_WHOLE ((uint64_t)1 << 32)
#define RC_RENORMALISE ((uint64_t)1 << 16)

typedef enum {
    RC_OK = 0,
    RC_BAD_INDEX,  /* an index names no table */
    RC_BAD_TABLE,  /* a table is not a cumulative distribution */
    RC_BAD_SYMBOL, /* a symbol that its table cannot express */
    RC_DAMAGED,    /* bytes that no encoder writes */
    RC_NO_MEMORY
} rc_status;

/* `count` tables one after another; table i is cdf[starts[i]] to cdf[starts[i + 1] - 1], in the
   form that tables.py describes. starts has count + 1 entries. */
typedef struct {
    const int32_t *cdf;
    size_t cdf_length;
    const int32_t *starts;
    size_t count;
} rc_tables;

/* One table, checked to lie inside the array and to have a precision that can be used. */
typedef struct {
    const int32_t *cdf; /* intervals + 1 values, the first of them 0 */
    int32_t intervals;
    unsigned precision;
    int escapes; /* whether the last interval is the escape symbol */
} rc_model;

static inline rc_status rc_select(const rc_tables *tables, int32_t index, rc_model *model)
{
    int64_t start, stop;
    int32_t precision;

    if (index < 0 || (size_t)index >= tables->count)
        return RC_BAD_INDEX;
    start = tables->starts[index];
    stop = tables->starts[index + 1];
    if (start < 0 || stop - start < 3 || (uint64_t)stop > tables->cdf_length)
        return RC_BAD_TABLE;
    precision = tables->cdf[start];
    model->escapes = precision < 0;
    model->precision = precision < 0 ? 0u - (uint32_t)precision : (uint32_t)precision;
    if (model->precision < 1 || model->precision > RC_MAX_PRECISION)
        return RC_BAD_TABLE;
    model->cdf = tables->cdf + start + 1;
    model->intervals = (int32_t)(stop - start - 2);
    return RC_OK;
}

static inline int rc_is_interval(int32_t lower, int32_t upper, unsigned precision)
{
    return 0 <= lower && lower < upper && upper <= (int32_t)1 << precision;
}

/* ---- encoder ---- */

typedef struct {
    uint64_t base; /* below 2^33: bit 32 is a carry into the bytes already written */
    uint64_t size; /* above 2^16, at most 2^32 */
    uint8_t *bytes;
    size_t length, capacity;
} rc_encoder;

static inline void rc_encoder_init(rc_encoder *encoder)
{
    encoder->base = 0;
    encoder->size = RC_WHOLE;
    encoder->bytes = NULL;
    encoder->length = encoder->capacity = 0;
}

static inline void rc_encoder_free(rc_encoder *encoder)
{
    free(encoder->bytes);
    rc_encoder_init(encoder);
}

/* Room for one more symbol, which is 63 steps of 2 bytes at the very most, or the final bytes. */
static inline rc_status rc_reserve(rc_encoder *encoder)
{
    enum { ROOM = 128 };
    size_t capacity;
    uint8_t *bytes;

    if (encoder->capacity - encoder->length >= ROOM)
        return RC_OK;
    if (encoder->capacity > SIZE_MAX / 2 - 8 * ROOM)
        return RC_NO_MEMORY;
    capacity = 2 * encoder->capacity + 8 * ROOM;
    bytes = (uint8_t *)realloc(encoder->bytes, capacity);
    if (bytes == NULL)
        return RC_NO_MEMORY;
    encoder->bytes = bytes;
    encoder->capacity = capacity;
    return RC_OK;
}

static inline void rc_carry(rc_encoder *encoder)
{
    size_t at = encoder->length;

    while (at > 0 && ++encoder->bytes[--at] == 0)
        ;
}

/* Narrows to [lower, upper) / 2^precision. The caller has checked the interval. */
static inline void rc_narrow(rc_encoder *encoder, uint32_t lower, uint32_t upper,
                             unsigned precision)
{
    uint64_t low = (encoder->size * lower) >> precision;

    encoder->base += low;
    encoder->size = ((encoder->size * upper) >> precision) - low;
    if (encoder->size <= RC_RENORMALISE) {
        if (encoder->base >> 32)
            rc_carry(encoder);
        encoder->bytes[encoder->length++] = (uint8_t)(encoder->base >> 24);
        encoder->bytes[encoder->length++] = (uint8_t)(encoder->base >> 16);
        encoder->base = (encoder->base & 0xFFFF) << 16;
        encoder->size <<= 16;
    }
}

static inline void rc_put_bit(rc_encoder *encoder, uint32_t bit)
{
    rc_narrow(encoder, bit, bit + 1, 1);
}

static inline rc_status rc_encode_symbol(rc_encoder *encoder, const rc_model *model, int32_t symbol)
{
    int32_t last = model->intervals - 1, lower, upper;
    int64_t magnitude = 0;
    int digits;

    if (symbol < 0 || symbol > last || (symbol == last && model->escapes)) {
        if (!model->escapes)
            return RC_BAD_SYMBOL;
        magnitude = symbol < 0 ? -(int64_t)symbol : (int64_t)symbol - last + 1;
        if (magnitude > INT32_MAX)
            return RC_BAD_SYMBOL;
    }
    lower = model->cdf[magnitude ? last : symbol];
    upper = model->cdf[(magnitude ? last : symbol) + 1];
    if (!rc_is_interval(lower, upper, model->precision))
        return RC_BAD_TABLE;
    rc_narrow(encoder, (uint32_t)lower, (uint32_t)upper, model->precision);
    if (magnitude == 0)
        return RC_OK;
    for (digits = 1; magnitude >> digits; ++digits)
        rc_put_bit(encoder, 0);
    while (digits-- > 0)
        rc_put_bit(encoder, (uint32_t)(magnitude >> digits) & 1);
    rc_put_bit(encoder, symbol < 0);
    return RC_OK;
}

/* Adds the fewest bytes that name a value inside the interval; a decoder reads zeros after them. */
static inline rc_status rc_finish(rc_encoder *encoder)
{
    uint64_t end, byte, word;

    if (rc_reserve(encoder) != RC_OK)
        return RC_NO_MEMORY;
    if (encoder->base >> 32)
        rc_carry(encoder);
    encoder->base &= RC_WHOLE - 1;
    end = encoder->base + encoder->size;
    if (end > RC_WHOLE) { /* 2^32 lies inside: one more carry, and zeros to the end */
        rc_carry(encoder);
        while (encoder->length > 0 && encoder->bytes[encoder->length - 1] == 0)
            --encoder->length;
    } else if (encoder->base > 0) {
        byte = (encoder->base + 0xFFFFFF) >> 24;
        word = (encoder->base + 0xFFFF) >> 16;
        if (byte << 24 < end) {
            encoder->bytes[encoder->length++] = (uint8_t)byte;
        } else {
            encoder->bytes[encoder->length++] = (uint8_t)(word >> 8);
            if (word & 0xFF)
                encoder->bytes[encoder->length++] = (uint8_t)word;
        }
    }
    return RC_OK;
}

/* Writes n symbols, then the final bytes. The caller frees the encoder, whatever is returned. */
static inline rc_status rc_encode(rc_encoder *encoder, const rc_tables *tables,
                                  const int32_t *symbols, const int32_t *index, size_t n)
{
    rc_model model;
    rc_status status;
    size_t k;

    for (k = 0; k < n; ++k) {
        if ((status = rc_reserve(encoder)) != RC_OK ||
            (status = rc_select(tables, index[k], &model)) != RC_OK ||
            (status = rc_encode_symbol(encoder, &model, symbols[k])) != RC_OK)
            return status;
    }
    return rc_finish(encoder);
}

/* ---- decoder ---- */

typedef struct {
    uint64_t ahead; /* how far the stream's value lies above the interval's base; below size */
    uint64_t size;
    uint32_t value; /* the last 32 bits read */
    const uint8_t *next, *end;
} rc_decoder;

static inline uint32_t rc_read_word(rc_decoder *decoder)
{
    uint32_t word = 0;

    if (decoder->next != decoder->end)
        word = (uint32_t)*decoder->next++ << 8;
    if (decoder->next != decoder->end)
        word |= *decoder->next++;
    decoder->value = decoder->value << 16 | word;
    return word;
}

static inline void rc_decoder_init(rc_decoder *decoder, const uint8_t *data, size_t length)
{
    decoder->size = RC_WHOLE;
    decoder->value = 0;
    decoder->next = data;
    decoder->end = data + length;
    rc_read_word(decoder);
    rc_read_word(decoder);
    decoder->ahead = decoder->value;
}

static inline void rc_take(rc_decoder *decoder, uint64_t low, uint64_t size)
{
    decoder->ahead -= low;
    decoder->size = size;
    if (size <= RC_RENORMALISE) {
        decoder->size = size << 16;
        decoder->ahead = decoder->ahead << 16 | rc_read_word(decoder);
    }
}

static inline uint32_t rc_get_bit(rc_decoder *decoder)
{
    uint64_t half = decoder->size >> 1;

    if (decoder->ahead >= half) {
        rc_take(decoder, half, decoder->size - half);
        return 1;
    }
    rc_take(decoder, 0, half);
    return 0;
}

static inline rc_status rc_decode_symbol(rc_decoder *decoder, const rc_model *model,
                                         int32_t *symbol)
{
    int32_t first = 0, left = model->intervals, last = model->intervals - 1, half, digits;
    int32_t middle = (model->intervals - model->escapes) / 2;
    uint64_t sought = (decoder->ahead + 1) << model->precision, low, high;
    int64_t magnitude, value;

    /* The interval `first` with size * cdf[first] < sought <= size * cdf[first + 1]. First the
       middle one, which most symbols are in: 0, where values lie around it. Then without a branch:
       which way the search goes is what the stream tells, and cannot be predicted. */
    if (decoder->size * (uint32_t)model->cdf[middle] < sought &&
        sought <= decoder->size * (uint32_t)model->cdf[middle + 1]) {
        first = middle;
        left = 1;
    }
    while (left > 1) {
        half = left / 2;
        first += decoder->size * (uint32_t)model->cdf[first + half] < sought ? half : 0;
        left -= half;
    }
    if (!rc_is_interval(model->cdf[first], model->cdf[first + 1], model->precision))
        return RC_BAD_TABLE;
    low = (decoder->size * (uint32_t)model->cdf[first]) >> model->precision;
    high = (decoder->size * (uint32_t)model->cdf[first + 1]) >> model->precision;
    if (decoder->ahead < low || decoder->ahead >= high)
        return RC_BAD_TABLE;
    rc_take(decoder, low, high - low);
    if (first != last || !model->escapes) {
        *symbol = first;
        return RC_OK;
    }
    for (digits = 1; !rc_get_bit(decoder); ++digits) {
        if (digits == RC_MAX_GAMMA_BITS)
            return RC_DAMAGED;
    }
    for (magnitude = 1; digits > 1; --digits)
        magnitude = magnitude << 1 | rc_get_bit(decoder);
    value = rc_get_bit(decoder) ? -magnitude : magnitude + last - 1;
    if (value > INT32_MAX)
        return RC_DAMAGED;
    *symbol = (int32_t)value;
    return RC_OK;
}

/* Whether an encoder that ended in this interval would have written these last bytes. */
static inline int rc_ends_well(const rc_decoder *decoder)
{
    uint64_t base = (uint32_t)(decoder->value - decoder->ahead), end = base + decoder->size;
    unsigned shift;

    if (decoder->next != decoder->end)
        return 0;
    if (base == 0 || end > RC_WHOLE)
        return decoder->value == 0;
    shift = (base - 1) >> 24 < (end - 1) >> 24 ? 24 : 16;
    return ((((base - 1) >> shift) + 1) << shift) == decoder->value;
}

/* Reads n symbols from `length` bytes. */
static inline rc_status rc_decode(const rc_tables *tables, const uint8_t *data, size_t length,
                                  const int32_t *index, int32_t *symbols, size_t n)
{
    rc_decoder decoder;
    rc_model model;
    rc_status status;
    size_t k;

    rc_decoder_init(&decoder, data, length);
    for (k = 0; k < n; ++k) {
        if ((status = rc_select(tables, index[k], &model)) != RC_OK ||
            (status = rc_decode_symbol(&decoder, &model, &symbols[k])) != RC_OK)
            return status;
    }
    return rc_ends_well(&decoder) ? RC_OK : RC_DAMAGED;
}

#endif
