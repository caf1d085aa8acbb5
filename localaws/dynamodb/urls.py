from moto.dynamodb.urls import url_bases as url_bases

from .responses import DynamoHandler

url_paths = {"{0}/": DynamoHandler.dispatch}
