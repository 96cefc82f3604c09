/* The Python binding of _range_coder_core.h: two functions over the buffer protocol. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_range_coder_core.h"

/* Takes a contiguous, aligned vector of int32 from `object`; sets ValueError or TypeError else. */
static int get_int32(PyObject *object, const char *name, int flags, Py_buffer *view)
{
    const char *format;

    if (PyObject_GetBuffer(object, view, flags | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=')
        ++format;
    if (view->ndim != 1 || view->itemsize != 4 || (*format != 'i' && *format != 'l') ||
        format[1] != '\0' || (uintptr_t)view->buf % sizeof(int32_t) != 0) {
        PyBuffer_Release(view);
        PyErr_Format(PyExc_ValueError, "%s must be an aligned vector of int32", name);
        return -1;
    }
    return 0;
}

static size_t entries(const Py_buffer *view)
{
    return (size_t)view->len / sizeof(int32_t);
}

static void set_error(rc_status status)
{
    switch (status) {
    case RC_BAD_INDEX:
        PyErr_SetString(PyExc_ValueError, "an index names none of the tables");
        break;
    case RC_BAD_TABLE:
        PyErr_SetString(PyExc_ValueError, "a table is not a cumulative distribution");
        break;
    case RC_BAD_SYMBOL:
        PyErr_SetString(PyExc_ValueError,
                        "a symbol is outside its table, which has no escape symbol, or too far "
                        "outside to be coded");
        break;
    case RC_NO_MEMORY:
        PyErr_NoMemory();
        break;
    default:
        PyErr_SetString(PyExc_SystemError, "unexpected status of the range coder");
    }
}

enum { FIRST, INDEX, CDF, STARTS, OUT, BUFFERS };

static void release(Py_buffer views[BUFFERS])
{
    int k;

    for (k = 0; k < BUFFERS; ++k)
        PyBuffer_Release(&views[k]); /* does nothing to a view that was never taken */
}

static int get_tables(Py_buffer views[BUFFERS], PyObject *cdf, PyObject *starts, rc_tables *tables)
{
    if (get_int32(cdf, "cdf", 0, &views[CDF]) < 0 ||
        get_int32(starts, "starts", 0, &views[STARTS]) < 0)
        return -1;
    if (entries(&views[STARTS]) == 0) {
        PyErr_SetString(PyExc_ValueError, "starts is empty");
        return -1;
    }
    tables->cdf = (const int32_t *)views[CDF].buf;
    tables->cdf_length = entries(&views[CDF]);
    tables->starts = (const int32_t *)views[STARTS].buf;
    tables->count = entries(&views[STARTS]) - 1;
    return 0;
}

PyDoc_STRVAR(encode_doc,
"encode(symbols, index, cdf, starts, /) -> bytes\n\n"
"Writes symbols[k] with table index[k]. All are contiguous int32 vectors.\n"
"Raises ValueError for an index, a symbol or a table that cannot be used.");

static PyObject *encode(PyObject *module, PyObject *args)
{
    PyObject *symbols, *index, *cdf, *starts, *result = NULL;
    Py_buffer views[BUFFERS] = {{0}};
    rc_tables tables;
    rc_encoder encoder;
    rc_status status;

    (void)module;
    if (!PyArg_ParseTuple(args, "OOOO:encode", &symbols, &index, &cdf, &starts))
        return NULL;
    rc_encoder_init(&encoder);
    if (get_int32(symbols, "symbols", 0, &views[FIRST]) < 0 ||
        get_int32(index, "index", 0, &views[INDEX]) < 0 ||
        get_tables(views, cdf, starts, &tables) < 0)
        goto done;
    if (views[FIRST].len != views[INDEX].len) {
        PyErr_SetString(PyExc_ValueError, "symbols and index differ in length");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    status = rc_encode(&encoder, &tables, (const int32_t *)views[FIRST].buf,
                       (const int32_t *)views[INDEX].buf, entries(&views[FIRST]));
    Py_END_ALLOW_THREADS
    if (status != RC_OK)
        set_error(status);
    else if (encoder.length > PY_SSIZE_T_MAX)
        PyErr_NoMemory();
    else
        result = PyBytes_FromStringAndSize((const char *)encoder.bytes,
                                           (Py_ssize_t)encoder.length);
done:
    rc_encoder_free(&encoder);
    release(views);
    return result;
}

PyDoc_STRVAR(decode_doc,
"decode(data, index, cdf, starts, out, /) -> bool\n\n"
"Reads one symbol per entry of index from the bytes data into out. All but data are contiguous\n"
"int32 vectors. Returns False where no encoder writes these bytes.\n"
"Raises ValueError for an index or a table that cannot be used.");

static PyObject *decode(PyObject *module, PyObject *args)
{
    PyObject *data, *index, *cdf, *starts, *out, *result = NULL;
    Py_buffer views[BUFFERS] = {{0}};
    rc_tables tables;
    rc_status status;

    (void)module;
    if (!PyArg_ParseTuple(args, "OOOOO:decode", &data, &index, &cdf, &starts, &out))
        return NULL;
    if (PyObject_GetBuffer(data, &views[FIRST], PyBUF_SIMPLE) < 0 ||
        get_int32(index, "index", 0, &views[INDEX]) < 0 ||
        get_int32(out, "out", PyBUF_WRITABLE, &views[OUT]) < 0 ||
        get_tables(views, cdf, starts, &tables) < 0)
        goto done;
    if (views[OUT].len != views[INDEX].len) {
        PyErr_SetString(PyExc_ValueError, "out and index differ in length");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    status = rc_decode(&tables, (const uint8_t *)views[FIRST].buf, (size_t)views[FIRST].len,
                       (const int32_t *)views[INDEX].buf, (int32_t *)views[OUT].buf,
                       entries(&views[OUT]));
    Py_END_ALLOW_THREADS
    if (status == RC_OK || status == RC_DAMAGED)
        result = PyBool_FromLong(status == RC_OK);
    else
        set_error(status);
done:
    release(views);
    return result;
}

static PyMethodDef methods[] = {
    {"encode", encode, METH_VARARGS, encode_doc},
    {"decode", decode, METH_VARARGS, decode_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_range_coder",
    "The range coder in C; range_coder.py is its public face.",
    0,
    methods,
    slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__range_coder(void)
{
    return PyModuleDef_Init(&definition);
}
