// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev The few cheatcodes of forge that these tests use.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function snapshotState() external returns (uint256 id);
    function setBlockhash(uint256 number, bytes32 hash) external;
    function revertToState(uint256 id) external returns (bool);

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    /// @notice Of the last call: a transaction of its own in a test that is isolated.
    function lastCallGas() external view returns (Gas memory);
    function chainId(uint256 id) external;
    function expectRevert() external;
    function expectEmit() external;
    function expectPartialRevert(bytes4 selector) external;
    function assume(bool condition) external pure;
    function readFile(string calldata path) external view returns (string memory);
    function toString(uint256 value) external pure returns (string memory);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function getNonce(address account) external view returns (uint64);
    function keyExistsJson(string calldata json, string calldata key) external view returns (bool);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonBool(string calldata json, string calldata key) external pure returns (bool);
    function parseJsonString(string calldata json, string calldata key) external pure returns (string memory);
}

/// @dev What a test needs of a framework: cheatcodes and equality that says what differs.
abstract contract Tester {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(string what, uint256 actual, uint256 expected);
    error NotTrue(string what);

    function same(uint256 actual, uint256 expected, string memory what) internal pure {
        if (actual != expected) revert NotEqual(what, actual, expected);
    }

    function same(address actual, address expected, string memory what) internal pure {
        same(uint256(uint160(actual)), uint256(uint160(expected)), what);
    }

    function same(bytes32 actual, bytes32 expected, string memory what) internal pure {
        same(uint256(actual), uint256(expected), what);
    }

    function yes(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    /// @dev A value of `low..high`, both possible, from anything.
    function within(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        if (low == 0 && high == type(uint256).max) return value;
        return low + value % (high - low + 1);
    }
}
