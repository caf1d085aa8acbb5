"""The device inventory, as operators fill it: read from files, compared with the table, and written."""
