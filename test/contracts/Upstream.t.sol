// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ModelRegistry} from "solidity/ModelRegistry.sol";
import {Network} from "./Network.sol";

/// @dev A line of models, each grown from the one before: base, adapter on it, base made of that, and so on. Every one
/// has a builder of its own, and each adapter a Datanet.
contract UpstreamTest is Network {
    uint256 private constant LEVELS = 7;

    bytes32[] private line;
    bytes32[] private nets;

    function builderOf(uint256 level) private pure returns (address) {
        return vm.addr(0xB000 + level);
    }

    function baseName(uint256 number) private pure returns (string memory) {
        return string.concat("base-", vm.toString(number / 2));
    }

    /// @dev The next of the line, which answers if no other comes; `number` counts from the oldest.
    function grow(uint256 number, uint16 w, uint16 b, uint16 d, uint16 u) private {
        bool tuned = number % 2 == 1;
        bytes32 datanet;
        if (tuned) {
            datanet = newDatanet(keccak256(abi.encode(line.length, nets.length, "rules")));
            anchorNext(datanet, 1);
        }
        ModelRegistry.Registration memory r = registration(datanet, w, b, d);
        r.base = baseName(number);
        r.upstreamBps = u;
        if (number > 0) r.upstream = line[number - 1];
        vm.prank(builderOf(number));
        line.push(models.register(r));
        nets.push(datanet);
    }

    /// @dev Any whole split: a base has no data share, and the first of all no upstream one.
    function any(uint256 number, uint256 seed) private pure returns (uint16 w, uint16 b, uint16 d, uint16 u) {
        uint256 left = 10_000;
        w = uint16(uint256(keccak256(abi.encode(seed, number, "w"))) % (left + 1));
        left -= w;
        if (number > 0) u = uint16(uint256(keccak256(abi.encode(seed, number, "u"))) % (left + 1));
        left -= u;
        if (number % 2 == 1) d = uint16(uint256(keccak256(abi.encode(seed, number, "d"))) % (left + 1));
        b = uint16(left - d);
    }

    function paid(uint256 number) private view returns (uint256) {
        uint256 pooled = nets[number] == 0 ? 0 : anchor.poolOf(nets[number]).deposited;
        return token.balanceOf(builderOf(number)) + pooled;
    }

    function testEverythingClaimedIsPaidAndNothingBeyondTheFourthModel(uint256 seed, uint256 amount) public {
        amount = within(amount, 1, 1000 ether);
        for (uint256 i = 0; i < LEVELS; i++) {
            (uint16 w, uint16 b, uint16 d, uint16 u) = any(i, seed);
            grow(i, w, b, d, u);
        }
        bytes32 channel = newChannel(line[LEVELS - 1], amount);
        channels.claim(channel, amount, voucher(CLIENT, channel, amount));
        uint256 sum = token.balanceOf(worker);
        for (uint256 i = 0; i < LEVELS; i++) sum += paid(i);
        same(sum, amount, "all of it");
        same(token.balanceOf(address(channels)), 0, "nothing stays behind");
        same(paid(0) + paid(1), 0, "nothing for those further up");
    }

    function testItIsDividedAsItsRegistrationSaysWithoutItsWorkersPart() public {
        grow(0, 8000, 2000, 0, 0);
        grow(1, 5000, 1000, 3000, 1000);
        grow(2, 6000, 2000, 0, 2000);
        grow(3, 3000, 1000, 5000, 1000);
        bytes32 channel = newChannel(line[3], 10 ether);
        channels.claim(channel, 10 ether, voucher(CLIENT, channel, 10 ether));
        same(token.balanceOf(worker), 3 ether, "worker");
        same(paid(3), 1 ether + 5 ether, "its builder and its data");
        same(token.balanceOf(builderOf(2)), 0.5 ether, "half of what went up goes on");
        same(token.balanceOf(builderOf(1)), 0.1 ether, "of half a token a fifth");
        same(anchor.poolOf(nets[1]).deposited, 0.3 ether, "three fifths to its data");
        same(token.balanceOf(builderOf(0)), 0.1 ether, "and a fifth to where it all began");
    }

    function testAModelThatWorksForNothingButItsWorkersPassesAllToItsBuilder() public {
        grow(0, 10_000, 0, 0, 0);
        grow(1, 3000, 1000, 5000, 1000);
        bytes32 channel = newChannel(line[1], 10 ether);
        channels.claim(channel, 10 ether, voucher(CLIENT, channel, 10 ether));
        same(token.balanceOf(builderOf(0)), 1 ether, "builder");
    }

    function testWhatIsRetiredIsPaidAllTheSame() public {
        grow(0, 8000, 2000, 0, 0);
        grow(1, 3000, 1000, 5000, 1000);
        vm.prank(builderOf(0));
        models.retire(line[0]);
        bytes32 channel = newChannel(line[1], 10 ether);
        channels.claim(channel, 10 ether, voucher(CLIENT, channel, 10 ether));
        same(paid(0), 1 ether, "what was grown from it was grown from it");
        vm.prank(builderOf(0));
        registry.setPayout(stranger);
        bytes32 other = newChannel(line[1], 10 ether);
        channels.claim(other, 10 ether, voucher(CLIENT, other, 10 ether));
        same(token.balanceOf(stranger), 1 ether, "where its builder wants it");
    }

    function refusedRegistration(ModelRegistry.Registration memory r, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        models.register(r);
    }

    function testWhatItWasGrownFromIsThereAndIsOfItsBase() public {
        grow(0, 8000, 2000, 0, 0);
        grow(1, 5000, 1000, 3000, 1000);
        bytes32 datanet = nets[1];
        ModelRegistry.Registration memory r = registration(datanet, 3000, 1000, 5000);
        r.base = baseName(1);
        r.upstreamBps = 1000;
        refusedRegistration(r, ModelRegistry.NoUpstreamNoShare.selector);
        r.upstream = "none";
        refusedRegistration(r, ModelRegistry.UnknownModel.selector);
        r.upstream = line[1]; // another adapter on the same base
        refusedRegistration(r, ModelRegistry.NotGrownFrom.selector);
        r.upstream = line[0];
        r.base = "another";
        refusedRegistration(r, ModelRegistry.NotGrownFrom.selector);
        r.base = baseName(1);
        r.upstreamBps = 1001;
        refusedRegistration(r, ModelRegistry.SplitNotWhole.selector);
        r.upstreamBps = 1000;
        bytes32 id = models.register(r);
        r.upstream = 0;
        (r.upstreamBps, r.builderBps) = (0, 2000);
        yes(models.register(r) != id, "another upstream, another model");
        // A base is not made of itself, and of any other model's.
        ModelRegistry.Registration memory base = registration(0, 8000, 1000, 0);
        (base.base, base.upstream, base.upstreamBps) = (baseName(0), line[0], 1000);
        refusedRegistration(base, ModelRegistry.NotGrownFrom.selector);
        base.upstream = line[1];
        refusedRegistration(base, ModelRegistry.NotGrownFrom.selector);
        base.base = "merged";
        yes(models.register(base) != 0, "made of an adapter");
    }

    // What TypeScript computes.

    function path(uint256 i, string memory name) private pure returns (string memory) {
        return string.concat(".upstream[", vm.toString(i), "].", name);
    }

    function levelPath(uint256 i, string memory list, uint256 n, string memory name)
        private
        pure
        returns (string memory)
    {
        return path(i, string.concat(list, "[", vm.toString(n), "].", name));
    }

    function grown(string memory json, uint256 i, uint256 n, uint256 number) private {
        grow(
            number,
            uint16(vm.parseJsonUint(json, levelPath(i, "levels", n, "worker"))),
            uint16(vm.parseJsonUint(json, levelPath(i, "levels", n, "builder"))),
            uint16(vm.parseJsonUint(json, levelPath(i, "levels", n, "data"))),
            uint16(vm.parseJsonUint(json, levelPath(i, "levels", n, "upstream")))
        );
    }

    function testVectors() public {
        string memory json = vm.readFile("test/vectors/many.json");
        uint256 i = 0;
        for (; vm.keyExistsJson(json, string.concat(".upstream[", vm.toString(i), "]")); i++) {
            delete line;
            delete nets;
            deploy(SUPPLY);
            for (uint256 number = 0; number < 6; number++) grown(json, i, 5 - number, number);
            uint256 amount = vm.parseJsonUint(json, path(i, "amount"));
            bytes32 channel = newChannel(line[5], amount);
            channels.claim(channel, amount, voucher(CLIENT, channel, amount));
            same(token.balanceOf(worker), vm.parseJsonUint(json, path(i, "toWorker")), "worker");
            for (uint256 n = 0; n < 6; n++) {
                same(
                    token.balanceOf(builderOf(5 - n)),
                    vm.parseJsonUint(json, levelPath(i, "paid", n, "toBuilder")),
                    "builder"
                );
                uint256 pooled = nets[5 - n] == 0 ? 0 : anchor.poolOf(nets[5 - n]).deposited;
                same(pooled, vm.parseJsonUint(json, levelPath(i, "paid", n, "toData")), "data");
            }
        }
        yes(i > 0, "there are some");
    }
}
