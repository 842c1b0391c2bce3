"""The edge to Microsoft Graph: the only room that imports msgraph, kiota, azure.identity, tenacity.

Must not know kinds, plans or manifests. Importing it loads none of those libraries.
"""
