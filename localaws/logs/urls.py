from moto.logs.urls import url_bases as url_bases

from .responses import LogsResponse

url_paths = {"{0}/$": LogsResponse.dispatch}
