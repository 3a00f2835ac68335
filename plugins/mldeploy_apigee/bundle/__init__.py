"""The proxy bundle: XML as data, compiled from the one gateway policy, and the zip that Apigee imports."""
