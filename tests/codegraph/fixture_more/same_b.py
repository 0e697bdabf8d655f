def one():
    return 1
one()
