#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A link that can be cut: takes connections and passes bytes on to another address, until it is killed.

usage: relay.py FILE PORT TARGET   writes where it listens to FILE; PORT 0: the system chooses
"""
import asyncio
import sys


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(path, port, target):
    host, target_port = target.rsplit(":", 1)

    async def taken(reader, writer):
        try:
            there, back = await asyncio.open_connection(host, int(target_port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    server = await asyncio.start_server(taken, "127.0.0.1", port)
    with open(path, "w", encoding="ascii") as file:
        print("127.0.0.1:%d" % server.sockets[0].getsockname()[1], file=file)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
