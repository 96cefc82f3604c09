"""Teaching: a trained codec learns pictures of one's own, and is measured on some it has not seen.

    pictures -> survey -> held out | training, within a time -> bundle -> benchmark -> verdict
                                          |                                 installed
                       gain on held-out crops, early end
"""
